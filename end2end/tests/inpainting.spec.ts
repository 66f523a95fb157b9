import { canvas, give, mask, paint, painted } from './easel.ts';
import * as form from './generate-form.ts';
import { grayPng } from './png.ts';
import { expect, test, type Page } from './studio.ts';

const SIDE = 28;
const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 650 };

/** White in the right half: what of the picture is drawn anew. */
const half = maskOf(SIDE, (x) => (x < SIDE / 2 ? 0 : 255));

function maskOf(side: number, shade: (x: number) => number) {
  return { name: 'mask.png', mimeType: 'image/png', buffer: grayPng(side, shade) };
}

async function giveMask(page: Page): Promise<void> {
  await give(page);
  await page.getByLabel('Or a mask from a file').setInputFiles(half);
  await expect(mask(page)).toHaveValue(/^[0-9a-f]{32}$/);
}

/** How far columns `from` to `to` lie from what was given, at most. */
async function changed(page: Page, from: number, to: number): Promise<number> {
  const now = await form.pixels(page);
  let most = 0;
  for (let y = 0; y < SIDE; y++) {
    for (let x = from; x < to; x++) most = Math.max(most, Math.abs((now[y * SIDE + x] ?? 0) - 4 * (x + y)));
  }
  return most;
}

test('what is not under the mask stays, and the other way round', async ({ page }) => {
  await giveMask(page);
  expect(await painted(canvas(page)), 'the mask of the file is on the canvas').toBeCloseTo(0.5, 1);
  const told = await form.draw(page, SMALL);
  expect(told).toMatch(/Denoising strength: 0\.75.*Mask hash: /);
  expect(await changed(page, 0, SIDE / 2), 'not painted').toBeLessThanOrEqual(2);
  expect(await changed(page, SIDE / 2, SIDE), 'painted').toBeGreaterThan(30);

  await page.getByLabel('Draw what is not painted').check();
  expect(await form.draw(page, {})).toContain('Mask mode: Inpaint not masked');
  expect(await changed(page, 0, SIDE / 2), 'not painted').toBeGreaterThan(30);
  expect(await changed(page, SIDE / 2, SIDE), 'painted').toBeLessThanOrEqual(2);
});

test('a blurred mask lets the edge be drawn too', async ({ page }) => {
  await giveMask(page);
  await form.draw(page, SMALL);
  expect(await changed(page, SIDE / 2 - 3, SIDE / 2)).toBeLessThanOrEqual(2);
  await form.number(page, 'Mask blur').fill('4');
  expect(await form.draw(page, {})).toContain('Mask blur: 4');
  expect(await changed(page, SIDE / 2 - 3, SIDE / 2), 'beside the edge').toBeGreaterThan(2);
  expect(await changed(page, 0, 2), 'far from the edge').toBeLessThanOrEqual(2);

  const blur = form.number(page, 'Mask blur');
  await blur.fill('65');
  await form.generate(page, {});
  await expect(blur).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('give 0 to 64');
});

test('each masked content begins from something else', async ({ page }) => {
  await giveMask(page);
  const content = page.getByLabel('Masked content');
  const drawn = new Set<string>();
  for (const name of ['fill', 'original', 'noise', 'nothing']) {
    await content.selectOption(name);
    expect(await form.draw(page, SMALL)).toContain(`Masked content: ${name}`);
    expect(await changed(page, 0, SIDE / 2), 'not painted').toBeLessThanOrEqual(2);
    drawn.add((await form.pixels(page)).toString('base64'));
  }
  expect(drawn.size, 'different pictures').toBe(4);
});

test('a larger brush paints more', async ({ page }) => {
  const brush = page.locator('.brush').getByLabel('Brush size');
  await give(page);
  const stroke = async (size: string) => {
    await brush.fill(size);
    await paint(page);
    const share = await painted(canvas(page));
    await page.getByRole('button', { name: 'Clear' }).click();
    return share;
  };
  const [thin, thick] = [await stroke('8'), await stroke('40')];
  expect(thin).toBeGreaterThan(0);
  expect(thick).toBeGreaterThan(3 * thin);
});

test('a mask of another size is told at the mask, and one that fits draws', async ({ page }) => {
  await give(page);
  const file = page.getByLabel('Or a mask from a file');
  await file.setInputFiles(maskOf(14, () => 255));
  await expect(mask(page)).toHaveValue(/^[0-9a-f]{32}$/);
  const wrong = await mask(page).inputValue();
  await form.generate(page, SMALL);
  await expect(page.locator('#mask-fault')).toContainText(/14.?[x×].?14/);
  await expect(form.number(page, 'Seed')).toHaveValue('650');
  await file.setInputFiles(half);
  await expect(mask(page)).not.toHaveValue(wrong);
  await form.draw(page, {});
  await expect(page.locator('#mask-fault')).toBeHidden();
});
