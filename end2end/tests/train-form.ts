// The Train page as a person uses it.

import { expect, type Locator, type Page } from './studio.ts';

/** A network that learns a step within milliseconds. */
const TINY: Record<string, string> = {
  'Down channels': '8, 16',
  'Mid channels': '16, 8',
  Downsample: 'true',
  Attention: 'false',
  'Time embedding': '16',
  'Layers per down block': '1',
  'Layers per mid block': '1',
  'Layers per up block': '1',
  'Attention heads': '4',
  'Norm groups': '4',
  'Output width': '8',
  Timesteps: '40',
  'Batch size': '8',
  'Warm-up': '0',
  'Checkpoint every': '50',
  'Sample every': '50',
  Samples: '4',
  'Grid columns': '2',
  'Sampling steps': '8',
};

/** Fills in a tiny run on `digits`; `settings` by label come on top. */
export async function fillTiny(
  page: Page,
  name: string,
  settings: Record<string, string>,
): Promise<void> {
  await page.getByLabel('Preset', { exact: true }).selectOption('small');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await page.getByLabel('Run name', { exact: true }).fill(name);
  await unfold(page);
  for (const [label, value] of Object.entries({ ...TINY, ...settings })) {
    await setting(page, label).fill(value);
  }
}

export async function unfold(page: Page): Promise<void> {
  const fold = page.locator('details').filter({ hasText: 'All settings' });
  if ((await fold.getAttribute('open')) === null) await page.getByText('All settings').click();
}

export function setting(page: Page, label: string): Locator {
  return page.getByRole('form', { name: 'Train' }).getByLabel(label, { exact: true });
}

export async function start(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start', exact: true }).click();
}

/** Waits until the run on show has come to `step`, in `within` milliseconds. */
export async function reached(page: Page, step: number, within = 60_000): Promise<void> {
  await expect.poll(() => steps(page), { timeout: within }).toBeGreaterThanOrEqual(step);
}

/** Waits until the run `name` is on show and done: its model is there then. */
export async function finished(page: Page, name: string, within = 60_000): Promise<void> {
  const head = page.locator('.run-head').filter({ has: page.getByRole('heading', { name, exact: true }) });
  await expect(head.locator('.badge')).toHaveText('done', { timeout: within });
}

async function steps(page: Page): Promise<number> {
  const text = await page.getByTestId('train-step').textContent({ timeout: 1000 }).catch(() => '');
  return Number((text ?? '').split('/')[0].replace(/\D/g, ''));
}

export function curve(page: Page): Locator {
  return page.getByRole('img', { name: 'Loss curve' });
}

export function samples(page: Page): Locator {
  return page.getByRole('region', { name: 'Samples' }).getByRole('img', { name: /^Samples at step/ });
}
