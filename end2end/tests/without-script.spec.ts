// Pages work without JavaScript as far as forms go.

import * as form from './generate-form.ts';
import { grayPng } from './png.ts';
import { expect, fold, test } from './studio.ts';
import { zip } from './zip.ts';

test.use({ javaScriptEnabled: false });

test('an image is drawn', async ({ page }) => {
  await page.goto('/');
  await form.generate(page, { model: 'digits', sampler: 'DDIM', steps: 3, batchSize: 2, seed: 11 });
  await expect(async () => {
    await page.reload();
    await expect(form.images(page)).toHaveCount(2, { timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByAltText('Image with seed 12', { exact: true })).toBeVisible();
  await expect(form.number(page, 'Seed')).toHaveValue('11');
});

test('a wrong number is told and kept', async ({ page }) => {
  await page.goto('/');
  await form.generate(page, { model: 'digits', steps: 3, batchSize: 9999, seed: 11 });
  await expect(page.getByRole('alert').first()).toContainText('256');
  await expect(form.number(page, 'Batch size')).toHaveValue('9999');
});

test('an empty prompt shows what belongs into it', async ({ page }) => {
  await page.goto('/?model=digits');
  for (const name of ['Prompt', 'Negative prompt']) {
    await expect(page.getByLabel(name, { exact: true }), `${name} has not even a space`).toHaveValue('');
  }
});

test('a picture to begin from is uploaded, and what was typed around it stays', async ({ page }) => {
  await page.goto('/');
  await form.fill(page, { model: 'digits', prompt: '5', steps: 13, seed: 77 });
  const picture = fold(page, 'img2img');
  await picture.locator('summary').click();
  const give = async (name: string, buffer: Buffer) => {
    await page.getByLabel('Picture to begin from').setInputFiles({ name, mimeType: 'image/png', buffer });
    await picture.getByRole('button', { name: 'Upload' }).click();
  };
  const isAsTyped = async () => {
    await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('5');
    await expect(form.number(page, 'Sampling steps')).toHaveValue('13');
    await expect(form.number(page, 'Seed')).toHaveValue('77');
  };

  await give('text.png', Buffer.from('nothing'));
  await expect(picture.getByRole('alert')).toBeVisible();
  await isAsTyped();

  await give('gray.png', grayPng(28, (x, y) => x * y));
  await expect(picture.getByAltText('Picture to begin from')).toBeVisible();
  await expect(picture.getByRole('alert')).toBeHidden();
  await isAsTyped();

  // The picture goes along when it is drawn, as does the file that was not chosen.
  await form.generate(page, { sampler: 'DDIM', steps: 2 });
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(picture.getByAltText('Picture to begin from')).toBeVisible();
});

test('what was typed stays when it is kept as a style', async ({ page }) => {
  await page.goto('/');
  await form.fill(page, { model: 'digits', prompt: '5', steps: 13, seed: 77 });
  await page.getByLabel('Name of a style').fill('kept-plainly');
  await page.getByRole('button', { name: 'Keep as style' }).click();
  await expect(page.getByRole('link', { name: 'kept-plainly', exact: true })).toBeVisible();
  await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('5');
  await expect(form.number(page, 'Sampling steps')).toHaveValue('13');
  await expect(form.number(page, 'Seed')).toHaveValue('77');
});

test('what was typed stays when a style is refused or deleted, and when a job is cut short', async ({ page }) => {
  await page.goto('/');
  const name = page.getByLabel('Name of a style');
  const isAsTyped = async (style: string) => {
    await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('6');
    await expect(form.number(page, 'Sampling steps')).toHaveValue('1000');
    await expect(form.number(page, 'Seed')).toHaveValue('78');
    await expect(name).toHaveValue(style);
  };
  await form.fill(page, { model: 'digits', prompt: '6', sampler: 'DDPM', steps: 1000, batchSize: 16, seed: 78 });
  await name.fill('n'.repeat(81));
  await page.getByRole('button', { name: 'Keep as style' }).click();
  await expect(page.getByRole('alert').first()).toContainText('give a name of 1 to 80 letters');
  await isAsTyped('n'.repeat(81));
  await name.fill('doomed');
  await page.getByRole('button', { name: 'Keep as style' }).click();
  await isAsTyped('');

  await name.fill('not yet');
  await page.getByText('Delete a style…').click();
  await page.getByRole('button', { name: 'Delete doomed' }).click();
  await expect(page.getByRole('link', { name: 'doomed' })).toHaveCount(0);
  await isAsTyped('not yet');

  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await isAsTyped('not yet');
  await form.fill(page, { seed: 79 });
  await page.getByRole('button', { name: 'Interrupt' }).click();
  await expect(form.number(page, 'Seed')).toHaveValue('79');
  await expect(name).toHaveValue('not yet');
  await expect(async () => {
    await page.reload();
    await expect(form.progress(page)).toHaveCount(0);
  }).toPass({ timeout: 30_000 });
});

test('a data set is uploaded', async ({ page }) => {
  await page.goto('/datasets');
  const upload = page.getByRole('form', { name: 'Upload' });
  await upload.getByLabel('Name', { exact: true }).fill('uploaded-plainly');
  await upload.getByLabel('Archive').setInputFiles({
    name: 'plain.zip',
    mimeType: 'application/zip',
    buffer: zip([{ name: 'one.png', data: grayPng(8, (x, y) => x * y) }]),
  });
  await upload.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('heading', { name: 'uploaded-plainly' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Images' }).getByRole('img')).toHaveCount(1);
});

test('a bad archive is refused in words', async ({ page }) => {
  await page.goto('/datasets');
  const upload = page.getByRole('form', { name: 'Upload' });
  await upload.getByLabel('Name', { exact: true }).fill('broken');
  await upload.getByLabel('Archive').setInputFiles({
    name: 'broken.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from('nothing'),
  });
  await upload.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('alert').first()).toContainText(/archive|zip/i);
  await expect(upload.getByLabel('Name', { exact: true })).toHaveValue('broken');
});

test('a bad model is refused at its field, and its name is kept', async ({ page }) => {
  await page.goto('/models');
  const form = page.getByRole('form', { name: 'Import' });
  await form.getByLabel('Name', { exact: true }).fill('mine');
  await form.getByLabel('Model', { exact: true }).setInputFiles({
    name: 'mine.safetensors',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('nothing'),
  });
  await form.getByRole('button', { name: 'Import' }).click();
  await expect(form.getByRole('alert')).toHaveCount(1);
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('mine');
});
