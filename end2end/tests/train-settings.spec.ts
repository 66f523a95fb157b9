import { readFileSync } from 'node:fs';
import { expect, open, test, type Locator, type Page } from './studio.ts';
import * as form from './train-form.ts';

/** Another value of each setting that is typed; all of them together make a run. */
const TYPED: Record<string, string> = {
  Background: '#336699',
  'Random crop': '0.2',
  'Colour jitter': '0.1',
  'Augment probability': '0.1',
  Cutout: '0.1',
  Timesteps: '50',
  'First beta': '0.0002',
  'Last beta': '0.03',
  'Image channels': '3',
  'Image size': '20',
  'Down channels': '8, 16, 24',
  'Mid channels': '24, 24, 16',
  Downsample: 'true, false',
  Attention: 'false, true',
  'Time embedding': '24',
  'Layers per down block': '2',
  'Layers per mid block': '2',
  'Layers per up block': '2',
  'Attention heads': '2',
  'Norm groups': '2',
  'Output width': '12',
  Classes: '10',
  'Latent channels': '3',
  Codebook: '256',
  'Encoder channels': '16, 32',
  'Encoder mid channels': '32, 32',
  'Encoder downsample': 'true',
  'Encoder attention': 'true',
  'Layers per encoder block': '2',
  'Layers per encoder mid block': '2',
  'Layers per decoder block': '2',
  'Encoder attention heads': '2',
  'Encoder norm groups': '4',
  'KL weight': '0.001',
  'Codebook weight': '0.5',
  Commitment: '0.5',
  'Detail weight': '0.5',
  'Adversarial weight': '0.1',
  'Adversarial from': '500',
  'Adversarial channels': '16, 32',
  'Batch size': '4',
  Accumulation: '2',
  Epochs: '3',
  Steps: '6',
  'Learning rate': '0.003',
  'Warm-up': '2',
  'Rate schedule': 'linear',
  'Adam beta 1': '0.8',
  'Adam beta 2': '0.99',
  'Weight decay': '0.01',
  'Gradient clip': '0.5',
  'SNR gamma': '4',
  'Offset noise': '0.1',
  'Class dropout': '0.2',
  Dropout: '0.15',
  'EMA decay': '0.99',
  'EMA half-life': '1000',
  Seed: '77',
  'Held-out share': '0.01',
  'Validate every': '2',
  'Checkpoint every': '3',
  'Keep checkpoints': '5',
  'Sample every': '3',
  Samples: '2',
  'Grid columns': '1',
  'Sampling steps': '4',
  'Checkpoint name': 'other.pth',
};

/** What other tests choose, because it makes another kind of run. */
const ELSEWHERE = ['Draws in the latents of', 'Train an autoencoder', 'Begin from'];

/** Gives every setting of the form another value; their values by key. */
async function changeAll(page: Page): Promise<Map<string, string>> {
  const changed = new Map<string, string>();
  for (const field of await page.locator('#train-settings [name], details.fold [name]').all()) {
    const key = (await field.getAttribute('name')) ?? '';
    const label = await field.evaluate((field: HTMLInputElement) => field.labels?.[0]?.innerText ?? '');
    if (!ELSEWHERE.includes(label)) changed.set(key, await change(field, label));
  }
  return changed;
}

async function change(field: Locator, label: string): Promise<string> {
  const kind = await field.evaluate((field: HTMLInputElement) => field.type);
  const before = await field.inputValue();
  if (kind === 'checkbox') {
    await field.setChecked(!(await field.isChecked()));
    return `${await field.isChecked()}`;
  }
  if (kind === 'select-one') {
    const options = await field.locator('option').evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
    const other = options.filter((option) => option !== before).pop();
    await field.selectOption(other ?? '');
    return other ?? '';
  }
  const value = TYPED[label];
  if (value === undefined) throw new Error(`no value to try for the setting ${label}`);
  expect(value, `${label} has another value`).not.toBe(before);
  await field.fill(value);
  return value;
}

/** The configuration that stands in the weights of a model as they are downloaded, by key. */
async function configuration(page: Page, name: string): Promise<Map<string, string>> {
  await open(page, '/models');
  const download = page.waitForEvent('download');
  await page.getByRole('listitem', { name, exact: true }).getByRole('link', { name: 'Download', exact: true }).click();
  const file = readFileSync(await (await download).path());
  const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))));
  const groups = Object.entries<Record<string, unknown>>(JSON.parse(header.__metadata__.config));
  const words = (value: unknown) => (Array.isArray(value) ? value.join(', ') : `${value}`);
  return new Map(groups.flatMap(([group, all]) => Object.entries(all).map(([key, value]) => [`${group}.${key}`, words(value)])));
}

test('every setting of the form reaches the run', async ({ page }) => {
  await open(page, '/train');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await page.getByLabel('Run name', { exact: true }).fill('all-changed');
  await form.unfold(page);
  const wanted = await changeAll(page);
  expect(wanted.size).toBeGreaterThan(70);
  await form.start(page);
  await form.finished(page, 'all-changed');
  await expect(page.getByTestId('train-step')).toHaveText('6 / 6');
  const found = await configuration(page, 'all-changed');
  for (const [key, value] of wanted) {
    const exact = found.get(key) === value || Number(found.get(key)) === Number(value);
    expect(exact, `${key} is ${value}, not ${found.get(key)}`).toBe(true);
  }
});

test('each of several settings out of range is told at its field, and the form is kept', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'wrong', { Timesteps: '1', 'Norm groups': '0', Dropout: '1.5' });
  await form.start(page);
  const said = { Timesteps: /from 2 to 10000/, 'Norm groups': /from 1 to 256/, Dropout: /from 0 to 0\.9/ };
  for (const [label, words] of Object.entries(said)) {
    await expect(form.setting(page, label)).toHaveAttribute('aria-invalid', 'true');
    await expect(form.setting(page, label)).toHaveAccessibleDescription(words);
  }
  await expect(form.setting(page, 'Dropout')).toHaveValue('1.5');
  await expect(page.getByRole('heading', { name: 'wrong', exact: true })).toBeHidden();
});

test('a schedule of rates that cannot be read is told at its field', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'rated', { 'Rate schedule': 'sometimes', Steps: '20' });
  await form.start(page);
  const schedule = form.setting(page, 'Rate schedule');
  await expect(schedule).toHaveAttribute('aria-invalid', 'true');
  await expect(schedule).toHaveAccessibleDescription(/sometimes.*constant/);
  await schedule.fill('0.001:10, 1e-5:20');
  await form.start(page);
  await form.finished(page, 'rated');
  await expect(page.locator('.run-figures')).toContainText('1.0e-5');
});
