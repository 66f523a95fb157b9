import { SCREENS, canvas, give, given, inSight, mask, paint, painted, source } from './easel.ts';
import * as form from './generate-form.ts';
import { handOver } from './handing-over.ts';
import { grayPng, readPixels } from './png.ts';
import { expect, fold, open, reload, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 3, batchCount: 1, batchSize: 2, seed: 40 };

test('a picture to begin from stays through a reload and is told on the fold', async ({ page }) => {
  await give(page);
  await expect(fold(page, 'img2img').locator('summary')).toContainText('denoising 0.75');
  await page.waitForURL(/init_image=[0-9a-f]{32}/);
  await reload(page);
  await expect(source(page)).toBeVisible();
  await page.getByRole('button', { name: 'Remove picture' }).click();
  await expect(source(page)).toBeHidden();
});

test('a mask is painted, undone, inverted, kept and cleared', async ({ page }) => {
  await give(page);
  await paint(page);
  await expect(mask(page)).toHaveValue(/^[0-9a-f]{32}$/);
  const name = await mask(page).inputValue();
  const line = await painted(canvas(page));
  expect(line).toBeGreaterThan(0.02);
  expect(line).toBeLessThan(0.5);
  await page.getByRole('button', { name: 'Invert' }).click();
  await expect.poll(() => painted(canvas(page))).toBeGreaterThan(0.5);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => painted(canvas(page))).toBeCloseTo(line, 2);

  await expect(mask(page), 'the same mask has the same name').toHaveValue(name);
  await page.waitForURL(new RegExp(`mask=${name}`));
  await reload(page);
  await expect.poll(() => painted(canvas(page)), 'the mask is there again').toBeCloseTo(line, 1);
  await page.getByRole('button', { name: 'Eraser' }).click();
  await paint(page);
  await expect.poll(() => painted(canvas(page))).toBeLessThan(line / 2);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(mask(page)).toHaveValue('');
});

test('a painted mask is white where it was painted', async ({ page }) => {
  await give(page);
  await paint(page);
  await expect(mask(page)).toHaveValue(/^[0-9a-f]{32}$/);
  const name = await mask(page).inputValue();
  const shades = await page.evaluate(async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const board = document.createElement('canvas');
    [board.width, board.height] = [image.width, image.height];
    const context = board.getContext('2d');
    context?.drawImage(image, 0, 0);
    const at = (x: number, y: number) => context?.getImageData(x, y, 1, 1).data[0];
    return [image.width, at(14, 14), at(14, 2)];
  }, `/files/inputs/${name}.png`);
  expect(shades).toEqual([28, 255, 0]);
});

test('a mask that will not do is told at the mask', async ({ page }) => {
  await give(page);
  const tools = page.locator('.mask-tools');
  const text = { name: 'mask.png', mimeType: 'image/png', buffer: Buffer.from('nothing') };
  await page.getByLabel('Or a mask from a file').setInputFiles(text);
  await expect(tools.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(1);

  await page.waitForURL(/init_image=[0-9a-f]{32}/);
  await open(page, `${page.url()}&mask=${'0'.repeat(32)}`);
  await form.generate(page, SMALL);
  const said = page.locator('#mask-fault');
  await expect(said).toBeVisible();
  await expect(said, 'it is brought into sight').toBeFocused();
  await expect(page.getByRole('alert')).toHaveCount(1);
});

test('a result goes back into img2img', async ({ page }) => {
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    await open(page, '/?seed=-1');
    await form.generate(page, SMALL);
    await expect(form.images(page)).toHaveCount(2);
    await form.results(page).getByRole('button', { name: 'Send to img2img' }).first().click();
    await inSight(page);
    await expect(form.number(page, 'Seed'), 'the form stays as it is').toHaveValue('40');
    await page.getByRole('button', { name: 'Remove picture' }).click();
  }
});

test('an enlarged result goes back into img2img, and the enlargement closes', async ({ page }) => {
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    await open(page, '/?seed=-1');
    await form.generate(page, SMALL);
    for (const picture of [0, 1]) {
      await form.images(page).nth(picture).click();
      const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
      await dialog.getByRole('button', { name: 'Send to img2img' }).click();
      await expect(dialog).toBeHidden();
      await inSight(page);
    }
    await page.getByRole('button', { name: 'Remove picture' }).click();
  }
});

test('what few need is folded away and told when it is set', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Variation strength').fill('0.3');
  await expect(fold(page, 'Extra').locator('summary')).toContainText('variation 0.3');
  await page.waitForURL(/subseed_strength=0\.3/);
  await reload(page);
  await expect(form.number(page, 'Variation strength')).toBeVisible();
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Steps');
  await expect(fold(page, 'X/Y/Z plot').locator('summary')).toContainText('Steps');
});

test('a seed found at another size is laid into the middle', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Seed from width').fill('28');
  await form.generate(page, SMALL);
  const height = form.number(page, 'Seed from height');
  await expect(height).toHaveAttribute('aria-invalid', 'true');
  await height.fill('28');
  await form.number(page, 'Width').fill('40');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(2);
  await expect(page.getByTestId('parameters')).toContainText('Seed resize from: 28x28');
});

test('a fault in a fold opens it', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Variation seed').fill('-7');
  await fold(page, 'Extra').locator('summary').click();
  await expect(form.number(page, 'Variation seed')).toBeHidden();
  await form.generate(page, SMALL);
  await expect(form.number(page, 'Variation seed')).toHaveAttribute('aria-invalid', 'true');
  await expect(form.number(page, 'Variation seed')).toBeVisible();
});

test('the denoising strength is how far the picture changes', async ({ page }) => {
  await give(page);
  const own = readPixels(given.buffer).data;
  const far: number[] = [];
  for (const strength of ['0', '0.4', '1']) {
    await form.number(page, 'Denoising strength').fill(strength);
    const told = await form.draw(page, { ...SMALL, batchSize: 1, steps: 10 });
    expect(told).toContain(`Denoising strength: ${strength}`);
    const now = await form.pixels(page);
    far.push(now.reduce((sum, shade, at) => sum + Math.abs(shade - (own[at] ?? 0)), 0) / own.length);
  }
  const [none, some, all] = far as [number, number, number];
  expect(none, 'shades').toBeLessThan(2);
  expect(some).toBeGreaterThan(none + 1);
  expect(all).toBeGreaterThan(some + 1);
});

test('a picture to begin from is dropped, and another pasted', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'img2img').locator('summary').click();
  const zone = fold(page, 'img2img').locator('.drop').last();
  await handOver(zone, 'drop', grayPng(12, (x) => x));
  await expect(source(page)).toHaveJSProperty('naturalWidth', 12);
  await handOver(zone, 'paste', grayPng(14, (x) => x));
  await expect(source(page)).toHaveJSProperty('naturalWidth', 14);
  await page.waitForURL(/init_image=[0-9a-f]{32}/);
  await form.draw(page, { ...SMALL, batchSize: 1 });
  await expect(page.getByTestId('parameters')).toContainText('Denoising strength: 0.75');
});

test('a file that is no picture is told at its field, and the form is kept', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'img2img').locator('summary').click();
  const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear reader') };
  await page.getByLabel('Picture to begin from', { exact: true }).setInputFiles(letter);
  await expect(fold(page, 'img2img').getByRole('alert')).toContainText(/not a PNG, JPEG/);
  await expect(source(page)).toBeHidden();
  await expect(form.number(page, 'Seed')).toHaveValue('40');
  await page.getByLabel('Picture to begin from', { exact: true }).setInputFiles(given);
  await expect(source(page)).toBeVisible();
  await expect(page.getByRole('alert')).toBeHidden();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a picture to begin from is uploaded', async ({ page }) => {
    await page.goto('/');
    await fold(page, 'img2img').locator('summary').click();
    await page.getByLabel('Picture to begin from', { exact: true }).last().setInputFiles(given);
    await page.getByRole('button', { name: 'Upload' }).click();
    await inSight(page);
  });
});
