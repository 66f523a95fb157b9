import * as form from './generate-form.ts';
import { expect, fold, open, reload, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 60 };

test('a plot says how many pictures it makes, and becomes a sheet', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Steps');
  await page.getByLabel('X values').fill('2-4');
  await page.getByLabel('Y, from row to row').selectOption('Seed');
  await page.getByLabel('Y values').fill('7, 8');
  await expect(page.getByText('6 images ·')).toBeVisible();
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  const sheet = form.results(page).getByAltText('Sheet of the plot');
  await expect(sheet).toBeVisible();
  await expect(form.images(page)).toHaveCount(6);
  const whole = async () => {
    const shown = await page.locator('.sheets').evaluate((sheets) => sheets.clientHeight);
    return shown >= (await sheet.evaluate((image) => image.clientHeight));
  };
  await expect.poll(whole, 'all rows of the sheet are in sight').toBe(true);
});

test('values that cannot be read are told at their field', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Steps');
  await page.getByLabel('X values').fill('few');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(page.getByLabel('X values')).toHaveAttribute('aria-invalid', 'true');
});

test('a walk between two seeds becomes an animation', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Walk').fill('3');
  await expect(fold(page, 'Extra').locator('summary')).toContainText('a walk of 3 pictures');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.results(page).getByAltText('Walk between two seeds')).toBeVisible();
});

test('a walk that is too long for its pictures says how long it may be', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await expect(page.getByText(/Others must be multiples of \d+, up to 1024\./)).toBeVisible();
  await form.number(page, 'Width').fill('1024');
  await form.number(page, 'Height').fill('1024');
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Walk').fill('100');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.number(page, 'Walk')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('give at most 64');
});

test('a picture whose edges meet is shown two by two', async ({ page }) => {
  await open(page, '/');
  await page.getByLabel('Tiling').check();
  await form.generate(page, SMALL);
  await expect(form.results(page).getByText('Two by two')).toBeVisible();
});

test('Skip leaves out a batch and the next one follows', async ({ page }) => {
  await open(page, '/');
  const skip = page.getByRole('button', { name: 'Skip', exact: true });
  await expect(skip).toBeHidden();
  await form.generate(page, { ...form.LONG, batchCount: 2 });
  await form.begun(page);
  await skip.click();
  await expect(form.results(page).getByText('batch 2 / 2')).toBeVisible();
  await expect(skip, 'no batch follows the last').toBeHidden();
  await form.interrupt(page);
});

test('Skip leaves out a cell of a plot and the next one follows', async ({ page }) => {
  await open(page, '/');
  const skip = page.getByRole('button', { name: 'Skip', exact: true });
  await form.fill(page, { ...form.LONG, batchCount: 1 });
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Seed');
  await page.getByLabel('X values').fill('1, 2');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await form.begun(page);
  await skip.click();
  await expect(skip, 'no cell follows the last').toBeHidden();
  await form.begun(page);
  await form.interrupt(page);
});

test('an interrupted plot keeps the pictures that were done', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, steps: 60 });
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Seed');
  await page.getByLabel('X values').fill('100-299');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  // Not any two images: what was drawn before is on show until this begins.
  await expect(form.results(page).getByAltText('Image with seed 101')).toBeVisible();
  await form.interrupt(page);
  const told = form.results(page).getByText(/^Interrupted: \d+ images of 200 kept/);
  await expect(told).toBeVisible();
  const kept = Number(/\d+/.exec(await told.innerText())?.[0]);
  expect(kept).toBeGreaterThan(1);
  expect(kept).toBeLessThan(200);
  await expect(form.images(page)).toHaveCount(kept);
  await expect(form.results(page).getByAltText('Sheet of the plot')).toBeVisible();
  await reload(page);
  await expect(form.images(page)).toHaveCount(kept);
});

test('a plot too large for one sheet says that it is split', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, steps: 1 });
  await form.number(page, 'Width').fill('1024');
  await form.number(page, 'Height').fill('8');
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Seed');
  await page.getByLabel('X values').fill('1-17');
  await page.getByLabel('Y, from row to row').selectOption('Steps');
  await page.getByLabel('Y values').fill('1, 2');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.results(page).getByAltText('Sheet of the plot')).toHaveCount(2, { timeout: 60_000 });
  await expect(form.results(page).getByText('Split into 2 files')).toBeVisible();
});

test('more cells than a plot can have are told at their field', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Seed');
  await page.getByLabel('X values').fill('1-5200');
  await page.getByLabel('Y, from row to row').selectOption('Steps');
  await page.getByLabel('Y values').fill('1-5');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(page.getByLabel('X values')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('26000 cells; at most 25600');
  await expect(page.getByLabel('Y values')).toHaveValue('1-5');
});
