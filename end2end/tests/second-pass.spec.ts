import * as form from './generate-form.ts';
import { grayPng } from './png.ts';
import { expect, fold, open, test, type Page } from './studio.ts';

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

/** Three pictures with a second pass that takes a while for each. */
async function drawThree(page: Page, seed: number): Promise<void> {
  await open(page, '/');
  await fold(page, 'Second pass').locator('summary').click();
  await form.number(page, 'Enlarge').fill('2');
  await form.number(page, 'Second steps').fill(`${SECOND_STEPS}`);
  await form.number(page, 'Second denoising').fill('1');
  await form.generate(page, { ...SMALL, batchSize: 3, seed });
}

const SECOND_STEPS = 300;

/** Waits until more than `steps` are made, those of second passes included. */
async function beyond(page: Page, steps: number): Promise<void> {
  const made = async () => Number(/Step (\d+)/.exec(await form.results(page).innerText())?.[1] ?? 0);
  await expect.poll(made, { timeout: 60_000 }).toBeGreaterThan(steps);
}

test('Interrupt within second passes keeps all pictures, and tells which are half done', async ({ page }) => {
  await drawThree(page, 95);
  await beyond(page, SMALL.steps + SECOND_STEPS);
  await form.interrupt(page);
  await expect(form.results(page).getByText(/^Interrupted: 3 images of 3 kept, [12] of them half done/)).toBeVisible();
  await expect(form.images(page)).toHaveCount(3);
  await expect(page.getByAltText('Image with seed 95', { exact: true })).toHaveJSProperty('naturalWidth', 56);
});

test('Skip within second passes leaves out the picture at hand alone', async ({ page }) => {
  await drawThree(page, 97);
  await beyond(page, SMALL.steps);
  const skip = page.getByRole('button', { name: 'Skip', exact: true });
  await skip.click();
  await beyond(page, SMALL.steps + 2 * SECOND_STEPS);
  await expect(skip, 'no picture follows the last').toBeHidden();
  await expect(form.progress(page)).toBeHidden({ timeout: 60_000 });
  await expect(form.images(page)).toHaveCount(2);
  for (const seed of [98, 99]) {
    await expect(page.getByAltText(`Image with seed ${seed}`, { exact: true })).toHaveJSProperty('naturalWidth', 56);
  }
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
