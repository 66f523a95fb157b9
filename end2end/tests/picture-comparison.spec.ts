import * as form from './generate-form.ts';
import { expect, open, reload, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 3, batchCount: 1, batchSize: 2, seed: 4100 };

test('a picture is starred and compared with another', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(2);
  await form.results(page).getByRole('button', { name: 'Star', exact: true }).click();
  await expect(form.results(page).getByRole('button', { name: 'Starred' })).toBeVisible();
  await reload(page);
  await expect(form.results(page).getByRole('button', { name: 'Starred' })).toBeVisible();

  await form.results(page).getByRole('link', { name: 'Compare with…' }).click();
  await page.getByAltText('Image with seed 4101', { exact: true }).click();
  await expect(page.getByAltText('A: image with seed 4100')).toBeVisible();
  await expect(page.getByAltText('B: image with seed 4101')).toBeVisible();
  const table = page.getByRole('table', { name: 'Settings that differ' });
  await expect(table.getByRole('row', { name: 'Seed 4100 4101' })).toBeVisible();
  await expect(table.getByRole('row', { name: /^Steps/ })).toBeHidden();

  const divider = page.getByRole('slider', { name: 'Divider between A and B' });
  await divider.press('Home');
  const over = page.locator('.compare-over');
  await expect(over).toHaveCSS('clip-path', 'inset(0px 0px 0px 0%)');
  const place = await divider.boundingBox();
  if (!place) throw new Error('there is no divider');
  await page.mouse.click(place.x + place.width * 0.75, place.y + place.height / 2);
  await expect.poll(async () => Number(await divider.inputValue())).toBeGreaterThan(70);
});

test('an enlarged picture of the gallery is compared with another', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, seed: 4300 });
  await expect(form.images(page)).toHaveCount(2);
  await open(page, '/gallery');
  await page.getByAltText('Image with seed 4301', { exact: true }).click();
  await page.getByRole('dialog').getByRole('link', { name: 'Compare with…' }).click();
  await page.getByAltText('Image with seed 4300', { exact: true }).click();
  await expect(page.getByAltText('A: image with seed 4301')).toBeVisible();
});

test('two pictures of the gallery are compared', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, seed: 4200 });
  await expect(form.images(page)).toHaveCount(2);
  await open(page, '/gallery');
  await page.getByRole('button', { name: 'Select image with seed 4200' }).click();
  await page.getByRole('button', { name: 'Select image with seed 4201' }).click();
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await expect(page).toHaveURL(/compare\?a=\d+&b=\d+/);
  await expect(page.getByAltText('A: image with seed 4200')).toBeVisible();
  await page.getByRole('link', { name: 'Change sides' }).click();
  await expect(page.getByAltText('A: image with seed 4201')).toBeVisible();
});

test('pictures that are not there are named, and others are offered', async ({ page }) => {
  await open(page, '/compare?a=999999&b=abc');
  await expect(page.getByRole('alert')).toContainText('there is no picture 999999 any more; choose one below');
  await expect(page.getByRole('alert')).toContainText('there is no picture `abc`; choose one below');
  await expect(page.getByText('Choose the first picture')).toBeVisible();
});
