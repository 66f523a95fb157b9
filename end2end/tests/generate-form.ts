// The Generate page as a person uses it.

import { readPixels } from './png.ts';
import { expect, type Locator, type Page } from './studio.ts';

export interface Wish {
  model?: string;
  prompt?: string;
  sampler?: string;
  steps?: number;
  batchCount?: number;
  batchSize?: number;
  seed?: number;
}

/** Enough work to see it run, reload, or interrupt it. */
export const LONG: Wish = { model: 'digits', sampler: 'DDPM', steps: 1000, batchSize: 16, seed: 5 };

export async function fill(page: Page, wish: Wish): Promise<void> {
  if (wish.model) await page.getByLabel('Model', { exact: true }).selectOption(wish.model);
  if (wish.prompt) await page.getByLabel('Prompt', { exact: true }).fill(wish.prompt);
  if (wish.sampler) await page.getByLabel('Sampler', { exact: true }).selectOption(wish.sampler);
  const numbers = {
    'Sampling steps': wish.steps,
    'Batch count': wish.batchCount,
    'Batch size': wish.batchSize,
    Seed: wish.seed,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined) await number(page, name).fill(`${value}`);
  }
}

export async function generate(page: Page, wish: Wish): Promise<void> {
  await fill(page, wish);
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
}

/** Draws `wish`, and gives what stands under the first picture once all of them are there. */
export async function draw(page: Page, wish: Wish): Promise<string> {
  const before = await newest(page);
  await generate(page, wish);
  const isNew = async () => ![before, ''].includes(await newest(page));
  await expect.poll(isNew, { timeout: 60_000 }).toBe(true);
  await expect(progress(page)).toBeHidden();
  await expect(images(page).first()).toBeVisible();
  return page.getByTestId('parameters').innerText();
}

/** Where the first picture comes from; empty while there is none. */
async function newest(page: Page): Promise<string> {
  const sources = await images(page).evaluateAll((all) => all.map((image) => image.getAttribute('src')));
  return sources[0] ?? '';
}

/** The file of a picture on show, the first one counted as 0. */
export async function file(page: Page, index = 0): Promise<Buffer> {
  const source = await images(page).nth(index).getAttribute('src');
  return (await page.request.get(source ?? '')).body();
}

/** The bytes of a picture on show, without what is told in its file. */
export async function pixels(page: Page, index = 0): Promise<Buffer> {
  return readPixels(await file(page, index)).data;
}

export function number(page: Page, name: string): Locator {
  return page.getByRole('spinbutton', { name, exact: true });
}

export function progress(page: Page): Locator {
  return page.getByRole('progressbar', { name: 'Generation progress' });
}

export function results(page: Page): Locator {
  return page.getByRole('region', { name: 'Results' });
}

export function images(page: Page): Locator {
  return results(page).getByRole('img', { name: /^Image with seed \d+$/ });
}

/** Resolves once the running job has made at least one step. */
export async function begun(page: Page): Promise<void> {
  await expect(results(page).getByText(/Step \d+ \/ \d+/)).toBeVisible();
}

/** Ends whatever runs, for the test that comes next. */
export async function interrupt(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Interrupt' }).click();
  await expect(progress(page)).toBeHidden();
}
