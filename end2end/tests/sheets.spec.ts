// What a plot and a walk lay together.

import * as form from './generate-form.ts';
import { readPixels } from './png.ts';
import { expect, fold, open, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', prompt: '7', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 1, seed: 670 };

const sheets = (page: Page) => form.results(page).getByAltText('Sheet of the plot');

async function file(page: Page, alt: string, index = 0): Promise<Buffer> {
  const source = await form.results(page).getByAltText(alt).nth(index).getAttribute('src');
  return (await page.request.get(source ?? '')).body();
}

test('a third axis goes from sheet to sheet, and a legend stands on each', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Steps');
  await page.getByLabel('X values').fill('2, 3');
  await page.getByLabel('Z, from sheet to sheet').selectOption('Seed');
  await page.getByLabel('Z values').fill('7, 8');
  await expect(page.getByText('4 images ·')).toBeVisible();
  await form.draw(page, {});
  await expect(form.images(page)).toHaveCount(4);
  await expect(sheets(page)).toHaveCount(2);
  const [first, second] = [await file(page, 'Sheet of the plot'), await file(page, 'Sheet of the plot', 1)].map(readPixels);
  expect(first?.data.equals(second?.data ?? Buffer.alloc(0)), 'another seed, another sheet').toBe(false);

  // The words stand above the pictures, which are 28 pixels high: ink on paper.
  const { width, height, channels, data } = first!;
  expect(height).toBeGreaterThan(28 + 10);
  const above = data.subarray(0, width * channels * 10);
  expect(new Set(above).size, 'something is written there').toBeGreaterThan(1);
});

test('a walk goes there and back, in as many frames as asked', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Walk').fill('5');
  await form.generate(page, {});
  await expect(form.results(page).getByAltText('Walk between two seeds')).toBeVisible();
  const animation = await file(page, 'Walk between two seeds');
  const control = animation.indexOf('acTL', 0, 'latin1');
  expect(control, 'an animated PNG').toBeGreaterThan(0);
  expect(animation.readUInt32BE(control + 4), 'five there, the three between back').toBe(5 + 3);
});

test('a grid that cannot hold all pictures says how many it has', async ({ page }) => {
  await open(page, '/');
  await form.draw(page, { ...SMALL, batchSize: 2 });
  await open(page, '/settings');
  // Pictures that fill a file take minutes to draw: these are only told to be so large.
  await page.route('**/fn/generate_opening', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll(/"(width|height)":28\b/g, '"$1":8192');
    await route.fulfill({ response, body });
  });
  await page.getByRole('link', { name: 'Generate', exact: true }).click();
  const note = form.results(page).getByText('The grid has the first 1 of 2 images');
  await expect(note).toContainText('a file holds at most 64 megapixels');
});
