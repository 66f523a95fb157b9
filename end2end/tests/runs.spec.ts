import { readFileSync } from 'node:fs';
import * as drawing from './generate-form.ts';
import { expect, open, reload, test, type Page } from './studio.ts';
import * as form from './train-form.ts';

const model = (page: Page, name: string) => page.getByRole('listitem', { name, exact: true });

/** Trains the tiny run `name` to its end. */
async function train(page: Page, name: string, settings: Record<string, string> = {}): Promise<void> {
  await open(page, '/train');
  await form.fillTiny(page, name, { Steps: '40', 'Checkpoint every': '20', ...settings });
  await form.start(page);
  await form.finished(page, name);
}

async function downloaded(page: Page, name: string, words: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await model(page, name).getByRole('link', { name: words, exact: true }).click();
  return readFileSync(await (await download).path());
}

test('a run is downloaded whole and as a pipeline, looked at again, and deleted', async ({ page }) => {
  await train(page, 'short-lived');
  await open(page, '/models');
  const whole = (await downloaded(page, 'short-lived', 'Download the whole run')).toString('latin1');
  expect(whole).toContain('config.yaml');
  expect(whole).toContain('checkpoints/step-00000020.safetensors');
  expect(whole).toContain('samples/step-00000040.png');
  const pipeline = (await downloaded(page, 'short-lived', 'Download for diffusers')).toString('latin1');
  expect(pipeline).toContain('model_index.json');
  await model(page, 'short-lived').getByRole('link', { name: 'How it learned' }).click();
  await expect(page.getByRole('heading', { name: 'short-lived', exact: true })).toBeVisible();
  await expect(form.curve(page)).toBeVisible();

  await open(page, '/models');
  await model(page, 'short-lived').getByText('Delete…').click();
  await expect(model(page, 'short-lived')).toContainText('with all its checkpoints and samples');
  await model(page, 'short-lived').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(model(page, 'short-lived')).toBeHidden();
  await open(page, '/');
  await expect(page.getByLabel('Model', { exact: true }).getByRole('option', { name: 'digits' })).toBeAttached();
  await expect(page.getByLabel('Model', { exact: true }).getByRole('option', { name: 'short-lived' })).toHaveCount(0);
});

test('a run begins from the weights of another, and from none that is not there', async ({ page }) => {
  await train(page, 'elder');
  await open(page, '/train');
  await form.fillTiny(page, 'younger', { Steps: '20', 'Learning rate': '0.00000001', 'Begin from': 'eldest' });
  await form.start(page);
  const field = form.setting(page, 'Begin from');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(/eldest.*elder/);
  await field.fill('elder@40');
  await form.start(page);
  await form.finished(page, 'younger');

  // At such a rate the weights stay what they were, and so do the pictures.
  const drawn = async (name: string) => {
    await open(page, `/?model=${encodeURIComponent(name)}`);
    await drawing.draw(page, { sampler: 'DDIM', steps: 4, batchSize: 1, batchCount: 1, seed: 5 });
    return drawing.pixels(page);
  };
  const [elder, younger] = [await drawn('elder@40+raw'), await drawn('younger@last+raw')];
  const far = younger.map((shade, at) => Math.abs(shade - (elder[at] ?? 0)));
  expect(Math.max(...far)).toBeLessThanOrEqual(2);
});

test('an earlier run comes on show again, and its samples are enlarged', async ({ page }) => {
  await train(page, 'earlier', { 'Sample every': '20', 'EMA decay': '0' });
  await train(page, 'later');
  const runs = page.getByRole('region', { name: 'Runs' });
  await runs.getByRole('link', { name: /^earlier/ }).click();
  await expect(page.getByRole('heading', { name: 'earlier', exact: true })).toBeVisible();
  await reload(page);
  await expect(page.getByRole('heading', { name: 'earlier', exact: true })).toBeVisible();
  await expect(form.samples(page)).toHaveCount(2);

  await form.samples(page).last().click();
  const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
  await expect(dialog).toContainText('Step 20');
  await page.keyboard.press('ArrowLeft');
  await expect(dialog).toContainText('Step 40');
  const download = page.waitForEvent('download');
  await dialog.getByRole('link', { name: 'Download', exact: true }).click();
  expect((await download).suggestedFilename()).toBe('samples-40.png');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Generate with this model' }).click();
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('earlier');
});

test('averaged and raw samples are enlarged and turned by their buttons', async ({ page }) => {
  await train(page, 'paired', { 'Sample every': '20' });
  await page.getByRole('img', { name: 'As trained, samples at step 20', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
  await expect(dialog).toContainText('Step 20, as trained');
  await dialog.getByRole('button', { name: 'Previous image' }).click();
  await expect(dialog).toContainText('Step 20, averaged');
  await dialog.getByRole('button', { name: 'Next image' }).click();
  await expect(dialog).toContainText('Step 20, as trained');
  await dialog.getByRole('button', { name: 'Next image' }).click();
  await expect(dialog, 'behind the last comes the first').toContainText('Step 40, averaged');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeHidden();
  await form.samples(page).first().click();
  await expect(dialog).toBeVisible();
  await page.mouse.click(2, 2);
  await expect(dialog, 'a click beside it closes it').toBeHidden();

  await page.getByText('Through training', { exact: true }).click();
  const sheet = page.waitForEvent('popup');
  await page.getByRole('img', { name: 'Samples of all steps' }).click();
  await expect.poll(async () => (await sheet).url()).toMatch(/\/files\/progress\/\d+\/40\.png$/);
});

test('a run whose name is taken is told at its field', async ({ page }) => {
  await train(page, 'twice');
  await open(page, '/train');
  await form.fillTiny(page, 'twice', { Steps: '40' });
  await form.start(page);
  const name = page.getByLabel('Run name', { exact: true });
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveAccessibleDescription(/twice/);
  await name.fill('a/b');
  await form.start(page);
  await expect(name).toHaveAccessibleDescription(/letters, digits/);
});
