// The Generate page as a person uses it.

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
