import { expect, hydrated, open, test } from './studio.ts';

test('a page whose part does not come says so, and comes when it is asked for again', async ({ page }) => {
  const part = '**/pkg/parts-*/split_train.wasm';
  await page.route(part, (route) => route.abort());
  await open(page, '/models');
  await page.getByRole('link', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This page cannot be shown');
  await page.unroute(part);
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByRole('form', { name: 'Train' })).toBeVisible();
});

test('what is typed into a fold before its code has come is kept and drawn', async ({ page }) => {
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route('**/pkg/parts-*/split_more.wasm', async (route) => {
    await held;
    await route.continue();
  });
  // Not as another test left it.
  await page.goto('/?seed=-1');
  await expect(page.locator('html[data-hydrated="true"]')).toBeAttached();
  await page.locator('summary', { hasText: 'Extra' }).click();
  const width = page.getByLabel('Seed from width');
  await width.fill('28');
  await page.getByLabel('Seed from height').fill('24');
  await width.focus();
  const sent = page.waitForRequest('**/fn/generate');
  await page.keyboard.press('Control+Enter');
  expect((await sent).postData()).toContain('seed_resize_from_w=28&');

  come();
  await hydrated(page);
  await expect(width).toBeVisible();
  await expect(width).toHaveValue('28');
  await expect(width).toBeFocused();
  await expect(page.locator('summary', { hasText: 'seed from 28×24' })).toBeVisible();
  await page.getByRole('button', { name: 'Interrupt' }).click();
});

test('a piece whose code does not come stays as the server wrote it', async ({ page }) => {
  await page.route('**/pkg/parts-*/split_more.wasm', (route) => route.abort());
  await page.goto('/?seed=-1&walk_frames=3');
  await expect(page.locator('html[data-hydrated="true"]')).toBeAttached();
  await page.getByLabel('Variation seed').fill('7');
  const sent = page.waitForRequest('**/fn/generate');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  expect((await sent).postData()).toContain('subseed=7&');
});
