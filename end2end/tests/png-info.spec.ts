import * as drawing from './generate-form.ts';
import { handOver } from './handing-over.ts';
import { grayPng } from './png.ts';
import { expect, open, reload, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 31 };
const plain = { name: 'plain.png', mimeType: 'image/png', buffer: grayPng(12, (x, y) => x * y) };
const sheet = (page: Page) => page.getByRole('region', { name: 'What stands in it' });

/** A picture of Darkroom's own, with its settings inside. */
async function ours(page: Page): Promise<Buffer> {
  await open(page, '/');
  await drawing.generate(page, SMALL);
  const image = page.getByAltText('Image with seed 31', { exact: true });
  return (await page.request.get((await image.getAttribute('src')) ?? '')).body();
}

test('a picture tells how it was made and fills the form', async ({ page }) => {
  const buffer = await ours(page);
  await open(page, '/png-info');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await expect(sheet(page)).toContainText('Darkroom');
  const row = page.getByRole('row', { name: /Seed/ });
  await expect(row).toContainText('31');
  await page.waitForURL(/image=[0-9a-f]{32}/);
  await reload(page);
  await expect(row).toContainText('31');
  await page.getByRole('link', { name: 'Send to Generate' }).click();
  await expect(drawing.number(page, 'Seed')).toHaveValue('31');
  await expect(drawing.number(page, 'Sampling steps')).toHaveValue('4');
  await expect(page.getByLabel('Sampler', { exact: true })).toHaveValue('DDIM');
});

test('a picture is dropped and pasted', async ({ page }) => {
  await open(page, '/png-info');
  const zone = page.locator('.drop');
  await handOver(zone, 'drop', grayPng(12, (x) => x));
  await expect(sheet(page)).toContainText('12×12 pixels');
  await handOver(zone, 'paste', grayPng(14, (x) => x));
  await expect(sheet(page)).toContainText('14×14 pixels');
  await expect(sheet(page)).toContainText('There are no settings in this picture');
});

test('the settings are copied as text', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const buffer = await ours(page);
  await open(page, '/png-info');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('Steps: 4');
});

test('a file that is no picture is refused in words', async ({ page }) => {
  await open(page, '/png-info');
  const buffer = Buffer.from('no picture');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await expect(page.getByRole('alert')).toContainText('cannot be used');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a picture is looked into', async ({ page }) => {
    await page.goto('/png-info');
    await page.getByLabel('Picture', { exact: true }).setInputFiles(plain);
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(sheet(page)).toContainText('12×12 pixels');
  });

  test('a file that is no picture is refused in words', async ({ page }) => {
    await page.goto('/png-info');
    const buffer = Buffer.from('no picture');
    await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(page.getByRole('alert')).toContainText('cannot be used');
  });
});
