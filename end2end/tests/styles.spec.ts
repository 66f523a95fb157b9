import * as form from './generate-form.ts';
import { expect, open, test } from './studio.ts';

test('settings are kept as a style, laid over the form again, and deleted', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { model: 'digits', sampler: 'DDIM', steps: 7 });
  const name = page.getByLabel('Name of a style');
  await page.getByRole('button', { name: 'Keep as style' }).click();
  await expect(page.getByRole('alert').first()).toContainText('give a name');
  await name.fill('quick & rough');
  await name.press('Enter');
  const kept = page.getByRole('group', { name: 'Kept styles' });
  await expect(kept.getByRole('link')).toHaveText(['quick & rough']);

  await form.fill(page, { sampler: 'DDPM', steps: 50, batchSize: 3 });
  await kept.getByRole('link', { name: 'quick & rough' }).click();
  await expect(page.getByLabel('Sampler', { exact: true })).toHaveValue('DDIM');
  await expect(form.number(page, 'Sampling steps')).toHaveValue('7');
  await expect(form.number(page, 'Batch size')).toHaveValue('3');

  await page.getByText('Delete a style…').click();
  await page.getByRole('button', { name: 'Delete quick & rough' }).click();
  await expect(kept).toBeHidden();
});

test('a style of usual settings brings them back, around what is typed', async ({ page }) => {
  await open(page, '/');
  const prompt = page.getByLabel('Prompt', { exact: true });
  await form.fill(page, { model: 'digits', prompt: '({prompt}:1.2)', sampler: 'DDPM', steps: 50 });
  await page.getByLabel('Name of a style').fill('plain');
  await page.getByRole('button', { name: 'Keep as style' }).click();
  const kept = page.getByRole('link', { name: 'plain', exact: true });
  await expect(kept).toBeVisible();
  await form.fill(page, { sampler: 'DDIM', steps: 7, prompt: '3' });
  await kept.click();
  await expect(page.getByLabel('Sampler', { exact: true })).toHaveValue('DDPM');
  await expect(form.number(page, 'Sampling steps')).toHaveValue('50');
  await expect(prompt).toHaveValue('(3:1.2)');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the field of a style says what belongs into it', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByPlaceholder('Name of a style')).toBeVisible();
    await expect(page.getByPlaceholder('Name of a style')).toHaveAccessibleName('Name of a style');
  });

  test('a style is kept and applied', async ({ page }) => {
    await page.goto('/');
    await form.fill(page, { model: 'digits', steps: 9 });
    await page.getByLabel('Name of a style').fill('nine');
    await page.getByRole('button', { name: 'Keep as style' }).click();
    await page.goto('/');
    await form.fill(page, { steps: 30 });
    await page.getByRole('link', { name: 'nine', exact: true }).click();
    await expect(form.number(page, 'Sampling steps')).toHaveValue('9');
  });
});
