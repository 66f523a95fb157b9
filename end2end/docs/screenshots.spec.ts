// Takes the pictures of docs/screenshots: every tab, with something in it to see.

import { fileURLToPath } from 'node:url';
import * as drawing from '../tests/generate-form.ts';
import { settled } from '../tests/pages.ts';
import { emptyForm, expect, fold, open, test, type Page } from '../tests/studio.ts';
import * as training from '../tests/train-form.ts';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

/** Steps of the run that is on show; enough for the samples to be digits. */
const STEPS = process.env.STEPS ?? '1500';

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${folder}${name}.png` });
}

async function draw(page: Page, wish: drawing.Wish): Promise<void> {
  await open(page, '/');
  await drawing.generate(page, { sampler: 'DDPM', steps: 100, batchSize: 20, ...wish });
  await expect(drawing.images(page)).toHaveCount(20, { timeout: 300_000 });
  await expect(drawing.progress(page)).toBeHidden();
}

/** Steps by samplers, on one sheet. */
async function plot(page: Page): Promise<void> {
  await open(page, '/');
  await drawing.fill(page, { model: 'digits', prompt: '7', batchSize: 1, seed: 11 });
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  await page.getByLabel('X, from column to column').selectOption('Steps');
  await page.getByLabel('X values').fill('4, 10, 20, 50');
  await page.getByLabel('Y, from row to row').selectOption('Sampler');
  await page.getByLabel('Y values').fill('DDPM, DDIM, DPM++ 2M');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await expect(drawing.results(page).getByAltText('Sheet of the plot')).toBeVisible();
  await expect(drawing.progress(page)).toBeHidden();
}

test('pictures for the README', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await draw(page, { model: 'textures', seed: 21 });
  await shoot(page, 'generate-textures');
  await plot(page);
  await shoot(page, 'plot');
  await emptyForm(page);
  await draw(page, { model: 'digits', prompt: '0..9', seed: 7 });
  await shoot(page, 'generate');
  await drawing.images(page).nth(5).click();
  await page.getByRole('slider', { name: 'From noise to picture' }).fill('9');
  await shoot(page, 'enlarged');

  for (const [path, name] of [
    ['/datasets', 'datasets'],
    ['/datasets?name=textures', 'dataset'],
    ['/gallery', 'gallery'],
    ['/process', 'process'],
    ['/settings', 'settings'],
  ]) {
    await settled(page, path);
    await shoot(page, name);
  }

  await compare(page);
  await shoot(page, 'compare');
  await settled(page, '/models');
  await shoot(page, 'models');
  await evaluate(page);
  await shoot(page, 'evaluate');

  await emptyForm(page);
  await page.setViewportSize({ width: 400, height: 860 });
  await settled(page, '/');
  await shoot(page, 'phone');

  await page.setViewportSize({ width: 1400, height: 900 });
  await train(page);
  await shoot(page, 'train');
});

/** One seed with two samplers, in few steps. */
async function compare(page: Page): Promise<void> {
  const drawn = async (sampler: string) => {
    await open(page, '/');
    const wish = { model: 'digits', prompt: '7', steps: 4, batchSize: 1, seed: 11 };
    await drawing.generate(page, { ...wish, sampler });
    await expect(page.getByTestId('parameters')).toContainText(`Sampler: ${sampler},`);
    const image = drawing.images(page);
    await expect(image).toHaveCount(1);
    return /(\d+)\.png/.exec((await image.getAttribute('src')) ?? '')?.[1];
  };
  const [a, b] = [await drawn('DDPM'), await drawn('DPM++ 2M')];
  await settled(page, `/compare?a=${a}&b=${b}`);
}

/** How good the built-in models are, in numbers. */
async function evaluate(page: Page): Promise<void> {
  const fields = page.getByRole('form', { name: 'Evaluate' });
  const figures = page.getByRole('table', { name: 'Figures' });
  await fields.getByLabel('Sampler').selectOption('DPM++ 2M');
  await fields.getByLabel('Steps').fill('20');
  for (const model of ['digits', 'textures']) {
    await fields.getByLabel('Model to evaluate').selectOption(model);
    await fields.getByRole('button', { name: 'Evaluate' }).click();
    const row = figures.getByRole('row', { name: new RegExp(`^${model} `) });
    await expect(row).toBeVisible({ timeout: 300_000 });
  }
}

/** Starts a run and waits until most of it is done. */
async function train(page: Page): Promise<void> {
  await open(page, '/train');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await page.getByLabel('Run name', { exact: true }).fill('first');
  await training.unfold(page);
  await training.setting(page, 'Steps').fill(STEPS);
  await training.setting(page, 'Sample every').fill(`${Number(STEPS) / 5}`);
  await page.getByText('All settings').click();
  await training.start(page);
  await training.reached(page, Number(STEPS) * 0.85, 800_000);
  await settled(page, '/train');
}
