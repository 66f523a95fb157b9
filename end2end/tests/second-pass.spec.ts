import * as form from './generate-form.ts';
import { grayPng } from './png.ts';
import { expect, fold, open, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 3, batchCount: 1, batchSize: 1, seed: 90 };
const given = { name: 'given.png', mimeType: 'image/png', buffer: grayPng(28, (x, y) => 4 * x + 4 * y) };

test('a second pass tells its size and makes it', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Second pass').locator('summary').click();
  await expect(page.getByText('the pictures stay 28×28')).toBeVisible();
  await form.number(page, 'Enlarge').fill('2');
  await expect(page.getByText('The pictures become 56×56.')).toBeVisible();
  await expect(fold(page, 'Second pass').locator('.told')).toHaveText('to 56×56');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.images(page)).toHaveJSProperty('naturalWidth', 56);

  await form.number(page, 'Enlarge').fill('9');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.number(page, 'Enlarge')).toHaveAttribute('aria-invalid', 'true');
});

test('a second pass is made as its settings say, and told', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Second pass').locator('summary').click();
  await form.number(page, 'Enlarge').fill('2');
  await page.getByLabel('Upscaler').selectOption('Nearest');
  await form.number(page, 'Second steps').fill('2');
  const drawn = async (denoising: string) => {
    await form.number(page, 'Second denoising').fill(denoising);
    return { told: await form.draw(page, SMALL), picture: await form.pixels(page) };
  };
  const weak = await drawn('0.2');
  for (const words of ['Hires upscale: 2', 'Hires steps: 2', 'Hires upscaler: Nearest', 'Denoising strength: 0.2']) {
    expect(weak.told).toContain(words);
  }
  const strong = await drawn('0.9');
  expect(strong.picture.equals(weak.picture)).toBe(false);
  await page.getByLabel('Upscaler').selectOption('Lanczos');
  const smooth = await drawn('0.2');
  expect(smooth.picture.equals(weak.picture)).toBe(false);
});

test('a second pass beyond what can be drawn is told at its field', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Second pass').locator('summary').click();
  await form.number(page, 'Width').fill('512');
  await form.number(page, 'Enlarge').fill('4');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.number(page, 'Enlarge')).toHaveAttribute('aria-invalid', 'true');
  await expect(fold(page, 'Second pass').getByText(/1024/)).toBeVisible();
  await expect(form.number(page, 'Width')).toHaveValue('512');
});

test('a picture to begin from has no second pass, and its mask an area', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Second pass').locator('summary').click();
  await form.number(page, 'Enlarge').fill('2');
  await fold(page, 'img2img').locator('summary').click();
  await page.getByLabel('Picture to begin from', { exact: true }).last().setInputFiles(given);
  await expect(page.getByText('has no second pass')).toBeVisible();
  await expect(form.number(page, 'Enlarge')).toBeDisabled();
  await expect(form.number(page, 'Enlarge')).toHaveValue('1');

  const canvas = page.locator('.easel canvas');
  await canvas.click({ position: { x: 100, y: 100 } });
  await page.getByLabel('Inpaint area').selectOption('Only masked');
  await form.number(page, 'Only masked padding').fill('2');
  await form.generate(page, { ...SMALL, seed: 91 });
  await expect(page.getByTestId('parameters')).toContainText('Seed: 91');
  await expect(page.getByTestId('parameters')).toContainText('Masked area padding: 2');
});

test('a prompt matrix draws all combinations', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, prompt: '7 | 1 | 2' });
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByRole('checkbox', { name: 'Prompt matrix' }).check();
  await expect(fold(page, 'X/Y/Z plot').locator('.told')).toHaveText('prompt matrix');
  await expect(page.getByText('4 images ·')).toBeVisible();
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(form.images(page)).toHaveCount(4);
  await expect(form.results(page).getByAltText('Sheet of the plot')).toBeVisible();
});
