import { readFileSync } from 'node:fs';
import { expect, open, test, type Page } from './studio.ts';

function model(page: Page, name: string) {
  return page.getByRole('listitem', { name, exact: true });
}

function importForm(page: Page) {
  return page.getByRole('form', { name: 'Import' });
}

/** The weights of a model as they are downloaded. */
async function weights(page: Page, name: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await model(page, name).getByRole('link', { name: 'Download in half precision' }).click();
  return readFileSync(await (await download).path());
}

test('a model is downloaded, imported again, drawn with and deleted', async ({ page }) => {
  await open(page, '/models');
  await expect(model(page, 'digits')).toContainText('built in');
  await expect(model(page, 'digits').getByText('Delete…')).toBeHidden();
  const buffer = await weights(page, 'digits');

  const form = importForm(page);
  const file = { name: 'my digits.safetensors', mimeType: 'application/octet-stream', buffer };
  await form.getByLabel('Model', { exact: true }).setInputFiles(file);
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('my-digits');
  await form.getByRole('button', { name: 'Import' }).click();
  await expect(model(page, 'my-digits')).toHaveAttribute('aria-current', 'true');
  await expect(model(page, 'my-digits')).toContainText('28×28');

  await model(page, 'my-digits').getByRole('link', { name: 'Generate with this' }).click();
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('my-digits');

  await open(page, '/models');
  await model(page, 'my-digits').getByText('Delete…').click();
  await model(page, 'my-digits').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(model(page, 'my-digits')).toBeHidden();
  await expect(model(page, 'digits')).toBeVisible();
});

test('what is no model is refused at its field', async ({ page }) => {
  await open(page, '/models');
  const form = importForm(page);
  const file = { name: 'no.safetensors', mimeType: 'text/plain', buffer: Buffer.from('nothing') };
  await form.getByLabel('Model', { exact: true }).setInputFiles(file);
  await form.getByRole('button', { name: 'Import' }).click();
  await expect(form.getByRole('alert').first()).toBeVisible();
  await form.getByLabel('Name', { exact: true }).fill('digits');
  await form.getByRole('button', { name: 'Import' }).click();
  await expect(form.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
});

test('a checkpoint that is not in the list can be drawn with', async ({ page }) => {
  await open(page, '/?model=digits@last%2Braw');
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('digits@last+raw');
});

test('a model that is not there is told at the field, until another is chosen', async ({ page }) => {
  await open(page, '/?model=nothing@5');
  const model = page.getByLabel('Model', { exact: true });
  await expect(model).not.toHaveValue(/@/);
  const told = page.getByText('There is no model nothing@5');
  await expect(told).toBeVisible();
  await model.selectOption('textures');
  await expect(told).toBeHidden();
});

test('what changed while the page was opening is there', async ({ page, request }) => {
  let listen = () => {};
  const opened = new Promise<void>((resolve) => (listen = resolve));
  await page.route('**/events', async (route) => {
    await opened;
    await route.continue();
  });
  await open(page, '/models');
  const form = { a: 'digits', b: 'digits', c: '', multiplier: '0.5', name: 'late' };
  const headers = { accept: 'application/json' };
  expect((await request.post('/fn/merge_models', { form, headers })).ok()).toBeTruthy();
  await expect(model(page, 'late')).toBeHidden();
  listen();
  await expect(model(page, 'late')).toBeVisible();
  await request.post('/fn/delete_model', { form: { name: 'late' }, headers });
  await expect(model(page, 'late')).toBeHidden();
});
