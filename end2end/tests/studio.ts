// What every test has: a server, a page on it, and a watch over the page's errors.

import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Server } from './server.ts';

export { expect, type Locator, type Page };

export const test = base.extend<{ quiet: void; told: void; fresh: void }, { server: Server }>({
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
        const [text, { url }] = [message.text(), message.location()];
        if (message.type() === 'error' && !isExpected(text, url)) errors.push(`${text} (${url})`);
      });
      await use();
      expect(errors, 'errors in the browser console').toEqual([]);
    },
    { auto: true },
  ],
  // What one test typed is not in the forms of the next.
  fresh: [
    async ({ page }, use) => {
      for (const form of ['generate', 'train']) await emptyForm(page, form);
      await use();
    },
    { auto: true },
  ],
  // A test that fails shows the server's side too.
  told: [
    async ({ server }, use, info) => {
      await use();
      if (info.status !== info.expectedStatus) console.error(`The server said:\n${server.said()}`);
    },
    { auto: true },
  ],
});

/**
 * The browser reports each refused request, each server that went away, and each part of the page's
 * module that did not come; these are what some tests are about. Server functions refuse with the
 * status 500.
 */
function isExpected(text: string, url: string): boolean {
  const refused = /status of 4\d\d/.test(text) || (/status of 500/.test(text) && /\/fn\//.test(url));
  const gone = /net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(text);
  const lacks = /\/pkg\/parts-/.test(url) && /Failed to fetch|net::ERR_FAILED/.test(text);
  return lacks || (text.startsWith('Failed to load resource') && (refused || gone));
}

/** Opens `path` and waits until all of the page's buttons do something. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await hydrated(page);
}

/** Waits until the page was taken over; nobody has touched it yet. */
export async function takenOver(page: Page): Promise<void> {
  await expect(page.locator('html[data-hydrated="true"]')).toBeAttached();
}

/** Waits until the page was taken over, with what comes only when somebody is there. */
export async function hydrated(page: Page): Promise<void> {
  await takenOver(page);
  await page.mouse.move(1, 1);
  await page.mouse.move(2, 2);
  await expect(page.locator('.later:not([data-hydrated])')).toHaveCount(0);
}

/** The settings that are folded away under `title`. */
export function fold(page: Page, title: string): Locator {
  return page
    .locator('details.fold')
    .filter({ has: page.locator('summary', { hasText: title }) });
}

/** Forgets what was typed into `form` before. */
export async function emptyForm(page: Page, form = 'generate'): Promise<void> {
  const nothing = { form, content: '' };
  const headers = { accept: 'application/json' };
  await page.request.post('/fn/save_draft', { form: nothing, headers });
}

/** Resolves when the server has a draft of a form that holds `text`. */
export async function draftKept(page: Page, text: string): Promise<void> {
  await page.waitForResponse(
    (response) =>
      response.url().includes('/fn/save_draft') &&
      (response.request().postData() ?? '').includes(text) &&
      response.ok(),
  );
}
