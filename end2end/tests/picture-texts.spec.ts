import { SCREENS, inSight } from './easel.ts';
import * as drawing from './generate-form.ts';
import { grayPng, hugePng, withOtherText } from './png.ts';
import { expect, open, test, type Page } from './studio.ts';

const TEXT = '7\nSteps: 9, Sampler: DDIM, Seed: 77, Size: 28x28, Model: digits';

const sheet = (page: Page) => page.getByRole('region', { name: 'What stands in it' });
const picture = (buffer: Buffer) => ({ name: 'p.png', mimeType: 'image/png', buffer });

for (const kind of ['zTXt', 'iTXt'] as const) {
  test(`settings are read from a ${kind}`, async ({ page }) => {
    await open(page, '/png-info');
    const buffer = withOtherText(grayPng(28, (x) => x), kind, 'parameters', TEXT);
    await page.getByLabel('Picture', { exact: true }).setInputFiles(picture(buffer));
    await expect(page.getByRole('row', { name: /Seed/ })).toContainText('77');
    await page.getByRole('link', { name: 'Send to Generate' }).click();
    await expect(drawing.number(page, 'Seed')).toHaveValue('77');
    await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('7');
  });
}

test('a picture of 300 megapixels is refused in words, and the page goes on', async ({ page }) => {
  await open(page, '/png-info');
  const field = page.getByLabel('Picture', { exact: true });
  await field.setInputFiles(picture(hugePng(20_000, 15_000)));
  await expect(page.getByRole('alert')).toContainText('20000x15000 is more than the 64 megapixels allowed');
  await field.setInputFiles(picture(grayPng(12, (x) => x)));
  await expect(sheet(page)).toContainText('12×12 pixels');
  await expect(page.getByRole('alert')).toBeHidden();
});

test('an enlarged picture goes straight to img2img', async ({ page }) => {
  await open(page, '/');
  await drawing.draw(page, { model: 'digits', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 1, seed: 78 });
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    await open(page, '/gallery');
    await page.getByRole('img', { name: /seed 78/i }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
    await dialog.getByRole('button', { name: 'Send to img2img' }).click();
    await inSight(page);
    await expect(page).toHaveURL(/init_image=[0-9a-f]{32}/);
  }
});
