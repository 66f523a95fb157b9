// What every test has: a server, a page on it, and a watch over the page's errors.

import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Server } from './server.ts';

export { expect, type Locator, type Page };

export const test = base.extend<{ quiet: void }, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = new Server();
      await server.start();
      await use(server);
      await server.discard();
    },
    { scope: 'worker' },
  ],
  baseURL: ({ server }, use) => use(server.url),
  // A page that does not take over what the server rendered says so in the console.
  quiet: [
    async ({ context }, use) => {
      const errors: string[] = [];
      context.on('weberror', (error) => errors.push(String(error.error())));
      context.on('console', (message) => {
        const text = message.text();
        if (message.type() === 'error' && !isAnswer(text)) errors.push(text);
      });
      await use();
      expect(errors, 'errors in the browser console').toEqual([]);
    },
    { auto: true },
  ],
});

/** The browser reports each refused request; refusing is what some tests are about. */
function isAnswer(text: string): boolean {
  return /^Failed to load resource: .*(status of 4\d\d|ERR_CONNECTION_REFUSED)/.test(text);
}

/** Opens `path` and waits until the page's buttons do something. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await hydrated(page);
}

export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html[data-hydrated="true"]')).toBeAttached();
}

/** Resolves when the server has what is typed next into the form called `form`. */
export async function draftKept(page: Page, form: string): Promise<void> {
  await page.waitForResponse(
    (response) =>
      response.url().includes('/fn/save_draft') &&
      (response.request().postData() ?? '').includes(form) &&
      response.ok(),
  );
}
