import * as form from './generate-form.ts';
import { readPixels } from './png.ts';
import { expect, open, test } from './studio.ts';

const FOUR = { model: 'textures', sampler: 'DDIM', steps: 12, batchCount: 1, batchSize: 4, seed: 650 };

/** How far a picture's last column and row are from its first, which they meet when it is repeated. */
function seam(file: Buffer): number {
  const { width, height, channels, data } = readPixels(file);
  const at = (x: number, y: number, c: number) => data[(y * width + x) * channels + c] ?? 0;
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) sum += Math.abs(at(0, y, c) - at(width - 1, y, c));
    for (let x = 0; x < width; x++) sum += Math.abs(at(x, 0, c) - at(x, height - 1, c));
  }
  return sum / (channels * (width + height));
}

test('the edges of a tiled picture meet', async ({ page }) => {
  await open(page, '/');
  const seams = async () => {
    const files = await Promise.all([0, 1, 2, 3].map((index) => form.file(page, index)));
    return files.reduce((sum, file) => sum + seam(file), 0) / files.length;
  };
  await form.draw(page, FOUR);
  const apart = await seams();
  await page.getByLabel('Tiling').check();
  expect(await form.draw(page, FOUR)).toContain('Tiling: True');
  expect(await seams()).toBeLessThan(0.7 * apart);
});
