import { give } from './easel.ts';
import * as form from './generate-form.ts';
import { readPng } from './png.ts';
import { expect, fold, open, test, type Page } from './studio.ts';
import * as training from './train-form.ts';

const SMALL = { model: 'digits', prompt: '7', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 1, seed: 660 };

interface Line {
  axis: string;
  values: string;
  /** What stands in the text of each picture, in the order of the values. */
  told: RegExp[];
}

/** Draws what the form says with `line` as its columns; the pictures tell of their values. */
async function plot(page: Page, { axis, values, told }: Line): Promise<void> {
  const title = fold(page, 'X/Y/Z plot').locator('summary');
  const columns = page.getByLabel('X, from column to column');
  if (!(await columns.isVisible())) await title.click();
  await columns.selectOption(axis);
  await page.getByLabel('X values').fill(values);
  await expect(title).toContainText(axis);
  await expect(page.getByText(`${told.length} images ·`)).toBeVisible();
  await form.draw(page, {});
  await expect(form.images(page)).toHaveCount(told.length);
  await expect(form.results(page).getByAltText('Sheet of the plot')).toBeVisible();
  for (const [index, words] of told.entries()) {
    expect(readPng(await form.file(page, index)).text.get('parameters')).toMatch(words);
  }
}

const LINES: Line[] = [
  { axis: 'Seed', values: '3, 9', told: [/Seed: 3,/, /Seed: 9,/] },
  { axis: 'Steps', values: '2-4', told: [/Steps: 2,/, /Steps: 3,/, /Steps: 4,/] },
  { axis: 'CFG Scale', values: '1.5, 4', told: [/CFG scale: 1.5,/, /CFG scale: 4(\.0)?,/] },
  { axis: 'Prompt', values: '3, "8, 1", 4..5', told: [/^3\n/, /^8, 1\n/, /^4\n/, /^5\n/] },
  { axis: 'Prompt S/R', values: '7, 4', told: [/^7\n/, /^4\n/] },
  { axis: 'Sampler', values: 'DDPM, Euler a', told: [/Sampler: DDPM,/, /Sampler: Euler a,/] },
  { axis: 'Schedule type', values: 'Uniform, Karras', told: [/Schedule type: Uniform,/, /Schedule type: Karras,/] },
  { axis: 'Eta', values: '0.2, 1', told: [/Eta DDIM: 0.2/, /Eta DDIM: 1/] },
  { axis: 'Checkpoint name', values: 'digits, textures', told: [/Model: digits,/, /Model: textures,/] },
];

for (const line of LINES) {
  test(`pictures differ along the axis ${line.axis}`, async ({ page }) => {
    await open(page, '/');
    await form.fill(page, SMALL);
    await plot(page, line);
  });
}

test('pictures differ along the axes of a variation', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Variation seed').fill('5');
  await form.number(page, 'Variation strength').fill('0.5');
  const seeds = [/Variation seed: 5, .*strength: 0.5/, /Variation seed: 6, .*strength: 0.5/];
  await plot(page, { axis: 'Var. seed', values: '5, 6', told: seeds });
  const strengths = [/Variation seed: 5, .*strength: 0.2/, /Variation seed: 5, .*strength: 0.9/];
  await plot(page, { axis: 'Var. strength', values: '0.2, 0.9', told: strengths });
});

test('pictures differ along the axis Denoising, which needs a picture', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'X/Y/Z plot').locator('summary').click();
  const columns = page.getByLabel('X, from column to column');
  await columns.selectOption('Denoising');
  await page.getByLabel('X values').fill('0.3, 0.9');
  await form.generate(page, {});
  await expect(columns).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('Denoising needs a picture to begin from');
  await columns.selectOption('Nothing');
  await page.getByLabel('X values').fill('');

  await give(page);
  await form.fill(page, SMALL);
  const told = [/Denoising strength: 0.3,/, /Denoising strength: 0.9,/];
  await plot(page, { axis: 'Denoising', values: '0.3, 0.9', told });
});

test('pictures differ along the checkpoints of a run, and with their average', async ({ page }) => {
  await open(page, '/train');
  const often = { Steps: '40', 'Checkpoint every': '20', 'EMA decay': '0.9' };
  await training.fillTiny(page, 'plotted', often);
  await training.start(page);
  await training.finished(page, 'plotted');
  await open(page, '/');
  await form.fill(page, { ...SMALL, model: 'plotted', prompt: undefined });
  const steps = [/Model: plotted@20,/, /Model: plotted@40,/];
  await plot(page, { axis: 'Checkpoint step', values: '20, 40', told: steps });
  expect((await form.pixels(page, 0)).equals(await form.pixels(page, 1))).toBe(false);
  await plot(page, { axis: 'EMA', values: 'on, off', told: [/Model: plotted,/, /Model: plotted@last\+raw,/] });
  expect((await form.pixels(page, 0)).equals(await form.pixels(page, 1))).toBe(false);
});
