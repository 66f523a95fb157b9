// Takes the pictures of docs/screenshots that begin from a picture: a mask, a look inside, a tile.

import { fileURLToPath } from 'node:url';
import { canvas, give, mask, paint } from '../tests/easel.ts';
import * as drawing from '../tests/generate-form.ts';
import { expect, open, test, type Page } from '../tests/studio.ts';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const FINE = { sampler: 'DPM++ 2M', steps: 20, batchCount: 1 };

test.beforeEach(({ page }) => page.emulateMedia({ colorScheme: 'dark' }));

/** A picture that was drawn just now, as a file to give. */
async function drawn(page: Page, wish: drawing.Wish): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  await open(page, '/');
  await drawing.draw(page, { ...FINE, batchSize: 1, ...wish });
  return { name: 'drawn.png', mimeType: 'image/png', buffer: await drawing.file(page) };
}

test('a mask on a picture', async ({ page }) => {
  const picture = await drawn(page, { model: 'digits', prompt: '7', seed: 11 });
  await give(page, picture);
  await paint(page);
  await expect(mask(page)).toHaveValue(/^[0-9a-f]{32}$/);
  await drawing.draw(page, { ...FINE, prompt: '7', batchSize: 20, seed: 30 });
  await canvas(page).evaluate((board) => board.scrollIntoView({ block: 'center' }));
  await page.screenshot({ path: `${folder}img2img.png` });
});

test('what stands in a picture', async ({ page }) => {
  const picture = await drawn(page, { model: 'digits', prompt: '3', seed: 12 });
  await open(page, '/png-info');
  await page.getByLabel('Picture', { exact: true }).setInputFiles(picture);
  await expect(page.getByText('Settings written by Darkroom.')).toBeVisible();
  await page.screenshot({ path: `${folder}png-info.png` });
});

test('a texture whose edges meet', async ({ page }) => {
  await open(page, '/');
  await page.getByLabel('Tiling').check();
  await drawing.draw(page, { ...FINE, model: 'textures', batchSize: 1, seed: 24 });
  await expect(drawing.results(page).getByText('Two by two')).toBeVisible();
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${folder}tiled.png` });
});
