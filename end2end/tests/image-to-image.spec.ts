import * as form from './generate-form.ts';
import { grayPng } from './png.ts';
import { expect, fold, open, reload, test, type Locator, type Page } from './studio.ts';

const given = { name: 'given.png', mimeType: 'image/png', buffer: grayPng(28, (x, y) => 4 * x + 4 * y) };
const SMALL = { model: 'digits', sampler: 'DDIM', steps: 3, batchCount: 1, batchSize: 2, seed: 40 };

const source = (page: Page) => page.getByAltText('Picture to begin from');
const canvas = (page: Page) => page.locator('.easel canvas');
const mask = (page: Page) => page.locator('input[name="mask"]');

async function give(page: Page): Promise<void> {
  await open(page, '/');
  await fold(page, 'img2img').locator('summary').click();
  await page.getByLabel('Picture to begin from', { exact: true }).last().setInputFiles(given);
  await expect(source(page)).toBeVisible();
}

/** Draws a line over the middle of the picture. */
async function paint(page: Page): Promise<void> {
  await canvas(page).evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = await canvas(page).boundingBox();
  if (!box) throw new Error('there is no canvas');
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
}

/** Share of the canvas that is painted. */
function painted(canvas: Locator): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    const data = element.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += (data[at] ?? 0) > 127 ? 1 : 0;
    return count / (width * height);
  });
}

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
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(2);
  await form.results(page).getByRole('button', { name: 'Send to img2img' }).first().click();
  await expect(source(page)).toBeVisible();
  await expect(form.number(page, 'Seed'), 'the form stays as it is').toHaveValue('40');
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

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a picture to begin from is uploaded', async ({ page }) => {
    await page.goto('/');
    await fold(page, 'img2img').locator('summary').click();
    await page.getByLabel('Picture to begin from', { exact: true }).last().setInputFiles(given);
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(source(page)).toBeVisible();
  });
});
