import * as drawing from './generate-form.ts';
import { Server } from './server.ts';
import { draftKept, expect, open, reload, test } from './studio.ts';
import * as form from './train-form.ts';

test('a run is trained to its end, reloaded in the middle, and draws', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'tiny', { Steps: '400' });
  await form.start(page);
  await form.reached(page, 20);
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toBeEnabled();

  await reload(page);
  await expect(page.getByRole('heading', { name: 'tiny' })).toBeVisible();
  await form.reached(page, 60);
  await expect(form.curve(page)).toBeVisible();
  await expect(form.samples(page).first()).toBeVisible();

  await form.finished(page, 'tiny');
  await expect(page.getByTestId('train-step')).toHaveText('400 / 400');
  await reload(page);
  await expect(form.samples(page)).toHaveCount(8);
  await expect(form.samples(page).first()).toHaveJSProperty('naturalWidth', 58);
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toBeDisabled();

  await page.getByRole('link', { name: 'Generate', exact: true }).click();
  await expect(page).toHaveTitle(/Generate/);
  await drawing.generate(page, { model: 'tiny', steps: 5, batchSize: 2, seed: 1 });
  await expect(drawing.images(page)).toHaveCount(2);
  await expect(page.getByTestId('parameters')).toContainText('Model: tiny');
});

test('the samples of all steps are looked at on one sheet', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'sheeted', { Steps: '60', 'Sample every': '20' });
  await form.start(page);
  await form.finished(page, 'sheeted');
  await page.getByText('Through training', { exact: true }).click();
  const sheet = page.getByRole('img', { name: 'Samples of all steps' });
  // Four seeds, each averaged and as trained, enlarged to 168 pixels.
  await expect.poll(() => sheet.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(8 * 168);
  const height = await sheet.evaluate((image: HTMLImageElement) => image.naturalHeight);
  expect(height, 'three steps').toBeGreaterThan(3 * 168);
  await expect(page.getByText('A row for each step, a column for each picture, each averaged')).toBeVisible();
});

test('the loss curve tells its values to a pointer', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'curved', { Steps: '60' });
  await form.start(page);
  await form.reached(page, 60);
  await form.curve(page).hover();
  await expect(page.locator('.readout')).toContainText(/Step\s*\d+\s*Loss\s*\d/);
});

test('a generation runs between two steps of a run', async ({ page, context }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'busy', { Steps: '5000', 'Sample every': '5000' });
  await form.start(page);
  await form.reached(page, 5);
  const other = await context.newPage();
  await open(other, '/');
  await drawing.generate(other, { model: 'digits', sampler: 'DDIM', steps: 4, batchSize: 2, seed: 31 });
  await expect(other.getByAltText('Image with seed 31', { exact: true })).toBeVisible();

  const stop = page.getByRole('button', { name: 'Stop', exact: true });
  await expect(stop, 'the run goes on').toBeEnabled();
  await stop.click();
  await expect(page.getByText('Stopped.', { exact: false })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible();
});

test('a stopped run goes on where it ended', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'paused', { Steps: '2000', 'Sample every': '2000' });
  await form.start(page);
  await form.reached(page, 100);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await form.reached(page, 150);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.getByText('Stopped.', { exact: false })).toBeVisible();
});

test('two tabs show the same run', async ({ page, context }) => {
  const other = await context.newPage();
  await open(other, '/train');
  await open(page, '/train');
  await form.fillTiny(page, 'shared', { Steps: '300' });
  await form.start(page);
  for (const tab of [page, other]) {
    await expect(tab.getByRole('heading', { name: 'shared' })).toBeVisible();
    await form.reached(tab, 300);
    await reload(tab);
    await expect(form.samples(tab)).toHaveCount(6);
  }
});

test('a configuration that does not fit is told at its field', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'crooked', { 'Down channels': '8, 18', 'Mid channels': '18, 8' });
  await form.start(page);
  const field = form.setting(page, 'Down channels');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  const message = page.getByRole('alert').filter({ hasText: 'not divisible' }).first();
  await expect(message).toBeVisible();
  await expect(field).toHaveValue('8, 18');
  await expect(form.setting(page, 'Timesteps')).toHaveValue('40');
  await expect(page.getByRole('heading', { name: 'crooked' })).toBeHidden();

  await field.fill('8, 16');
  await form.setting(page, 'Mid channels').fill('16, 8');
  await expect(field).not.toHaveAttribute('aria-invalid');
  await expect(field, 'the settings stay unfolded').toBeVisible();
});

test('the form keeps what was typed', async ({ page }) => {
  await open(page, '/train');
  const kept = draftKept(page, '0.0123');
  await form.fillTiny(page, 'kept-name', { 'Learning rate': '0.0123' });
  await kept;
  await reload(page);
  await form.unfold(page);
  await expect(page.getByLabel('Run name', { exact: true })).toHaveValue('kept-name');
  await expect(form.setting(page, 'Learning rate')).toHaveValue('0.0123');
  await expect(form.setting(page, 'Down channels')).toHaveValue('8, 16');
});

test('what was typed just before a reload is there after it', async ({ page }) => {
  await open(page, '/train');
  await page.getByLabel('Run name', { exact: true }).fill('just-typed');
  await reload(page);
  await expect(page.getByLabel('Run name', { exact: true })).toHaveValue('just-typed');
});

test('what is told of a run while its answer is on the way is not lost', async ({ page, context }) => {
  await open(page, '/train');
  let deliver = () => {};
  const late = new Promise<void>((resolve) => (deliver = resolve));
  await page.route('**/fn/training', async (route) => {
    const response = await route.fetch();
    await late;
    await route.fulfill({ response });
  });
  const other = await context.newPage();
  await open(other, '/train');
  await form.fillTiny(other, 'told', { Steps: '200' });
  const asked = page.waitForRequest('**/fn/training');
  await form.start(other);
  await asked;
  await form.finished(other, 'told');
  deliver();
  await expect(page.getByRole('heading', { name: 'told', exact: true })).toBeVisible();
  await expect(page.getByTestId('train-step')).toHaveText(/200\s*\/\s*200/);
  await expect(form.samples(page)).toHaveCount(await form.samples(other).count());
  await form.finished(page, 'told');
});

test('a preset that lacks its autoencoder says so beside the estimate', async ({ page }) => {
  await open(page, '/train');
  await page.getByLabel('Preset', { exact: true }).selectOption('latent');
  const told = page.getByRole('form', { name: 'Train' }).getByRole('status').filter({ hasText: 'Draws in the latents of' });
  await expect(told, 'in sight, also when the settings are open').toBeInViewport();
  await expect(form.setting(page, 'Draws in the latents of'), 'its fold is open').toBeVisible();
  await told.getByRole('link', { name: 'Train an autoencoder' }).click();
  await expect(page.getByLabel('Preset', { exact: true })).toHaveValue('autoencoder');
  await expect(page.getByLabel('Estimate')).toContainText(/Weights\s*\d/);
});

test('the classes of a data set are learned where one asks for it', async ({ page }) => {
  await open(page, '/train');
  const byClass = page.getByLabel('Learn its classes', { exact: true });
  await page.getByLabel('Preset', { exact: true }).selectOption('small');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await expect(page.getByRole('form', { name: 'Train' })).toContainText('28×28 gray, 10 classes.');
  await byClass.check();
  await form.unfold(page);
  await expect(form.setting(page, 'Classes')).toHaveValue('10');
  await page.getByLabel('Preset', { exact: true }).selectOption('reference');
  await expect(form.setting(page, 'Classes'), 'stays with another preset').toHaveValue('10');
  await page.getByLabel('Preset', { exact: true }).selectOption('autoencoder');
  await expect(byClass, 'an autoencoder learns no classes').toBeHidden();
  await page.getByLabel('Preset', { exact: true }).selectOption('small');
  await byClass.check();
  await byClass.uncheck();
  await expect(form.setting(page, 'Classes')).toHaveValue('0');
  // As after another data set that was deleted.
  await form.setting(page, 'Classes').fill('2');
  await page.getByLabel('Data set', { exact: true }).selectOption('textures');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await expect(form.setting(page, 'Classes')).toHaveValue('10');
});

test('the data set that is picked is looked at', async ({ page }) => {
  await open(page, '/train');
  await page.getByLabel('Data set', { exact: true }).selectOption('textures');
  await page.getByRole('link', { name: 'Look at it' }).click();
  await expect(page.getByRole('heading', { name: 'textures', exact: true })).toBeVisible();
});

test('a preset fills the form and tells what it costs', async ({ page }) => {
  await open(page, '/train');
  await page.getByLabel('Preset', { exact: true }).selectOption('reference');
  await form.unfold(page);
  await expect(form.setting(page, 'Down channels')).toHaveValue('32, 64, 128, 256');
  await expect(page.getByLabel('Estimate')).toContainText(/Weights\s*\d/);
});

test('a server that was killed says what was interrupted', async ({ page }) => {
  const server = new Server();
  try {
    await server.start();
    await open(page, `${server.url}/train`);
    await form.fillTiny(page, 'cut-off', { Steps: '20000', 'Sample every': '20000' });
    await form.start(page);
    await form.reached(page, 60);
    await server.kill();
    await server.start();
    await open(page, `${server.url}/train`);
    await expect(page.getByRole('heading', { name: 'cut-off' })).toBeVisible();
    await expect(page.getByRole('alert')).toContainText(/closed while this ran/);
    await page.getByRole('button', { name: 'Resume' }).click();
    await form.reached(page, 80);
  } finally {
    await server.discard();
  }
});
