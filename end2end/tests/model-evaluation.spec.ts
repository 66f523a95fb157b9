import * as form from './generate-form.ts';
import { emptyForm, expect, open, reload, test } from './studio.ts';

test('a model is measured, and its figures say what they mean', async ({ page }) => {
  await open(page, '/models');
  const fields = page.getByRole('form', { name: 'Evaluate' });
  await fields.getByLabel('Pictures').fill('1');
  await fields.getByRole('button', { name: 'Evaluate' }).click();
  await expect(fields.getByLabel('Pictures')).toHaveAttribute('aria-invalid', 'true');
  await fields.getByLabel('Inception’s weights').fill('/nowhere/inception.pth');
  await fields.getByLabel('Pictures').fill('20');
  await fields.getByRole('button', { name: 'Evaluate' }).click();
  await expect(fields.getByLabel('Inception’s weights')).toHaveAttribute('aria-invalid', 'true');
  await expect(fields).toContainText('there is no such file');
  await fields.getByLabel('Inception’s weights').fill('');
  await fields.getByLabel('Steps').fill('2');
  await fields.getByLabel('Sampler').selectOption('DDIM');
  await fields.getByRole('button', { name: 'Evaluate' }).click();
  const table = page.getByRole('table', { name: 'Figures' });
  const judged = (judge: RegExp) => table.getByRole('row', { name: /^digits .*its own/ }).filter({ hasText: judge });
  await expect(judged(/judged by a classifier of 10 classes \((9\d|100)\.\d % of 1000 held-out images right\)/)).toBeVisible({
    timeout: 90_000,
  });
  await expect(fields.getByLabel('Pictures'), 'the form stays').toHaveValue('20');
  await expect(page.getByRole('region', { name: 'Evaluations' })).toContainText('Lower is better');
  await fields.getByLabel('Judge').selectOption({ label: 'digits' });
  await fields.getByRole('button', { name: 'Evaluate' }).click();
  await expect(judged(/judged by digits/)).toBeVisible({ timeout: 90_000 });
  await reload(page);
  await table.getByText('Look at them').first().click();
  const sheet = table.getByRole('img', { name: 'Pictures above their nearest images' }).first();
  await expect.poll(() => sheet.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(10 * 28 + 9 * 2);
  await table.getByRole('link', { name: /^seed \d+/ }).first().click();
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('digits');
  await expect(form.number(page, 'Seed')).not.toHaveValue('-1');
});

test('two models become a third', async ({ page }) => {
  await open(page, '/models');
  const fields = page.getByRole('form', { name: 'Merge' });
  await fields.getByLabel('A', { exact: true }).selectOption('digits');
  await fields.getByLabel('B', { exact: true }).selectOption('textures');
  await fields.getByLabel('Name', { exact: true }).fill('odd');
  await fields.getByRole('button', { name: 'Merge' }).click();
  await expect(fields.getByRole('alert').first()).toBeVisible();

  await fields.getByLabel('B', { exact: true }).selectOption('digits');
  await fields.getByRole('spinbutton', { name: 'Multiplier' }).fill('0.25');
  await expect(fields).toContainText('0.75 × A + 0.25 × B');
  await fields.getByLabel('Name', { exact: true }).fill('merged');
  await fields.getByRole('button', { name: 'Merge' }).click();
  const card = page.getByRole('listitem', { name: 'merged', exact: true });
  await expect(card).toHaveAttribute('aria-current', 'true');
  await emptyForm(page);
  await card.getByRole('link', { name: 'Generate with this' }).click();
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('merged');
  await form.generate(page, { sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 1, seed: 3 });
  await expect(form.images(page)).toHaveCount(1);
});
