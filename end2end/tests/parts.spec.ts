import { expect, open, test } from './studio.ts';

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
