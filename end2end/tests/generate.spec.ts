import { readFileSync } from 'node:fs';
import * as form from './generate-form.ts';
import { readPng } from './png.ts';
import { draftKept, expect, fold, open, reload, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 6, batchCount: 1, batchSize: 4, seed: 70 };

// Other files leave a form with a picture to begin from.
test('a built-in model draws a grid', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, batchCount: 2 });
  await expect(form.images(page)).toHaveCount(8);
  await expect(form.progress(page)).toBeHidden();
  for (const seed of [70, 73, 77]) {
    await expect(page.getByAltText(`Image with seed ${seed}`, { exact: true })).toBeVisible();
  }
  await expect(page.getByTestId('parameters')).toContainText(/Steps: 6, .*Seed: 70/);
});

test('the colour model draws in colour', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, model: 'textures', batchSize: 1 });
  const image = form.images(page);
  await expect(image).toHaveCount(1);
  await expect(image).toHaveJSProperty('naturalWidth', 28);
  const answer = await page.request.get((await image.getAttribute('src')) ?? '');
  const colourType = (await answer.body())[25];
  expect(colourType, 'a PNG of three channels').toBe(2);
});

test('an image is enlarged, walked through and scrubbed', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(4);
  await page.getByAltText('Image with seed 71', { exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
  await expect(dialog).toContainText('Seed 71');
  await page.keyboard.press('ArrowRight');
  await expect(dialog).toContainText('Seed 72');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(dialog).toContainText('Seed 70');

  const slider = dialog.getByRole('slider', { name: 'From noise to picture' });
  const frames = Number(await slider.getAttribute('max'));
  expect(frames).toBe(SMALL.steps);
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(slider).toHaveValue('1');
  await expect(dialog, 'arrows on the slider do not change the picture').toContainText('Seed 70');
  await page.keyboard.press('End');
  await expect(slider).toHaveValue(`${frames}`);

  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId('parameters')).toContainText('Seed: 70');
});

test('a downloaded image says how it was made', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, seed: 170 });
  await page.getByAltText('Image with seed 172', { exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('link', { name: 'Download', exact: true }).click();
  const png = readPng(readFileSync(await (await download).path()));
  expect([png.width, png.height]).toEqual([28, 28]);
  const parameters = png.text.get('parameters');
  expect(parameters).toContain('Steps: 6');
  expect(parameters).toContain('Seed: 172');
  expect(parameters).toContain('Model: digits');
});

test('all images come as a zip', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(4);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download all as zip' }).click();
  const zip = readFileSync(await (await download).path());
  expect(zip.toString('latin1').split('PK\u0001\u0002').length - 1, 'entries').toBeGreaterThanOrEqual(4);
});

test('the same seed gives the same image, alone or in a batch', async ({ page }) => {
  await open(page, '/');
  const draw = async (wish: form.Wish) => {
    await form.generate(page, { ...SMALL, ...wish });
    const image = page.getByAltText('Image with seed 73', { exact: true });
    await expect(form.images(page)).toHaveCount(wish.batchSize ?? SMALL.batchSize);
    return (await page.request.get((await image.getAttribute('src')) ?? '')).body();
  };
  const inBatch = await draw({});
  const alone = await draw({ seed: 73, batchSize: 1 });
  const pixels = (png: Buffer) => png.subarray(png.indexOf('IDAT'));
  expect(pixels(alone).equals(pixels(inBatch))).toBe(true);
});

test('the seed is drawn and used again', async ({ page }) => {
  await open(page, '/');
  await page.getByRole('button', { name: 'Random seed' }).click();
  await expect(form.number(page, 'Seed')).toHaveValue('-1');
  await form.generate(page, { ...SMALL, seed: undefined, batchSize: 1, steps: 2 });
  await expect(form.progress(page)).toBeHidden();
  const parameters = page.getByTestId('parameters');
  await expect(parameters).toContainText('Steps: 2');
  const seed = /Seed: (\d+)/.exec((await parameters.textContent()) ?? '')?.[1];
  await page.getByRole('button', { name: 'Reuse seed' }).click();
  await expect(form.number(page, 'Seed')).toHaveValue(seed ?? 'a number');
});

test('what was typed just before a reload is there after it', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, prompt: '7', seed: 61 });
  await page.waitForURL(/seed=61/);
  await page.getByLabel('Prompt', { exact: true }).fill('5');
  await page.reload();
  await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('5');
  await expect(form.number(page, 'Seed')).toHaveValue('61');
  await page.waitForURL(/prompt=5/);
  await page.getByLabel('Prompt', { exact: true }).fill('6');
  await page.goto('/?rest=default&prompt=3&model=digits');
  await expect(page.getByLabel('Prompt', { exact: true }), 'a link tells of its own').toHaveValue('3');
});

test('the seed of a picture that is enlarged is used again', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await page.getByAltText('Image with seed 72', { exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
  await dialog.getByRole('button', { name: 'Use this seed' }).click();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(form.number(page, 'Seed')).toHaveValue('72');
});

test('a reload in the middle loses nothing', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...form.LONG, batchSize: 4 });
  await form.begun(page);
  await reload(page);
  await expect(form.progress(page)).toBeVisible();
  await form.begun(page);
  await expect(page.getByAltText('Live preview')).toBeVisible();
  await expect(form.images(page)).toHaveCount(4, { timeout: 60_000 });
  await expect(form.progress(page)).toBeHidden();
});

test('Interrupt ends it after the current step', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, form.LONG);
  await form.begun(page);
  await form.interrupt(page);
  await expect(form.results(page)).toContainText('Interrupted');
  await expect(page.getByRole('button', { name: 'Interrupt' })).toBeDisabled();
});

test('Interrupt of one person spares what another draws', async ({ page, browser, baseURL }) => {
  await open(page, '/');
  await form.generate(page, form.LONG);
  await form.begun(page);
  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await open(other, '/');
  await form.generate(other, { ...form.LONG, seed: 6 });
  await expect(form.results(other)).toContainText('Waiting: 1 job is before this one');
  await form.interrupt(other);
  await expect(form.results(other)).toContainText('Interrupted');
  await expect(other.getByRole('button', { name: 'Interrupt' })).toBeDisabled();

  const steps = async () => Number(/Step (\d+)/.exec(await form.results(page).innerText())?.[1]);
  const then = await steps();
  await expect.poll(steps).toBeGreaterThan(then);
  await form.interrupt(page);
  await expect(form.results(page)).toContainText('Interrupted');
  await context.close();
});

test('two people keep forms of their own', async ({ page, browser, baseURL }) => {
  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  for (const [index, person] of [page, other].entries()) {
    await open(person, '/');
    const kept = draftKept(person, `${131 + index}`);
    await form.fill(person, { prompt: `${index + 3}`, steps: 131 + index });
    await kept;
  }
  for (const [index, person] of [page, other].entries()) {
    await open(person, '/settings');
    await open(person, '/');
    await expect(person.getByLabel('Prompt', { exact: true })).toHaveValue(`${index + 3}`);
    await expect(form.number(person, 'Sampling steps')).toHaveValue(`${131 + index}`);
  }
  await context.close();
});

test('an enlarged picture stays while something else is drawn, which comes on show after it', async ({ page, request }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.images(page)).toHaveCount(4);
  await page.getByAltText('Image with seed 71', { exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
  await expect(dialog).toContainText('Seed 71');
  const next = { model: 'digits', steps: '1000', batch_size: '16', seed: '300' };
  await request.post('/fn/generate', { form: next, headers: { accept: 'application/json' } });
  await expect(page.locator('.queue summary')).toContainText(/[1-9]\d* %/);
  await page.keyboard.press('ArrowRight');
  await expect(dialog).toContainText('Seed 72');
  await expect(dialog).toContainText('3 of 4');
  await page.keyboard.press('Escape');
  await form.begun(page);
  await form.interrupt(page);
});

test('Ctrl+Enter generates and Esc interrupts', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, form.LONG);
  await form.number(page, 'Seed').press('Control+Enter');
  await form.begun(page);
  await page.keyboard.press('Escape');
  await expect(form.progress(page)).toBeHidden();
  await expect(form.results(page)).toContainText('Interrupted');
});

test('the form keeps what was typed', async ({ page, context }) => {
  await open(page, '/');
  const kept = draftKept(page, '4242');
  await form.fill(page, { steps: 17, batchCount: 3, batchSize: 5, seed: 4242 });
  await kept;
  const typed = async (on: typeof page) => {
    await expect(form.number(on, 'Sampling steps')).toHaveValue('17');
    await expect(form.number(on, 'Batch count')).toHaveValue('3');
    await expect(form.number(on, 'Batch size')).toHaveValue('5');
    await expect(form.number(on, 'Seed')).toHaveValue('4242');
  };
  await reload(page);
  await typed(page);
  const other = await context.newPage();
  await open(other, '/');
  await typed(other);
});

test('two tabs show the same', async ({ page, context }) => {
  await open(page, '/');
  const other = await context.newPage();
  await open(other, '/');
  await form.generate(page, { ...SMALL, sampler: 'DDPM', steps: 300, seed: 900 });
  await form.begun(other);
  for (const tab of [page, other]) {
    await expect(tab.getByAltText('Image with seed 903', { exact: true })).toBeVisible();
    await expect(form.images(tab)).toHaveCount(4);
  }
});

test('a number out of range is told at its field', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, batchSize: 100_000 });
  const size = form.number(page, 'Batch size');
  await expect(size).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('256');
  await expect(size).toHaveValue('100000');
  await form.generate(page, SMALL);
  await expect(page.getByRole('alert')).toBeHidden();
  await expect(form.images(page)).toHaveCount(4);
});

test('a range has all its classes, each in a row of its own', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, steps: 2, batchSize: 16, prompt: '0..9' });
  await expect(form.images(page)).toHaveCount(16);
  const boxes = await form.images(page).evaluateAll((all) => all.map((image) => image.getBoundingClientRect().top));
  expect(new Set(boxes).size, 'rows').toBe(10);
  const told = new Set<string>();
  for (let index = 0; index < 16; index += 1) {
    await form.images(page).nth(index).click();
    told.add((await page.getByTestId('parameters').innerText()).split('\n')[0] ?? '');
    await page.keyboard.press('Escape');
  }
  expect([...told].sort()).toEqual([...'0123456789']);
});

test('a field at fault that is out of sight gets the focus', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await form.number(page, 'Width').fill('30');
  await page.getByLabel('Prompt', { exact: true }).focus();
  await page.keyboard.press('Control+Enter');
  await expect(form.number(page, 'Width')).toBeFocused();
  await expect(form.number(page, 'Width')).toBeInViewport();
});

test('timesteps and clipping are in the text of a picture, and come back from it', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, batchSize: 1 });
  const method = fold(page, 'Timesteps, clipping, precision');
  await method.locator('summary').click();
  await page.getByLabel('Timesteps of Uniform').selectOption('Linspace');
  await page.getByLabel('Clip predictions to pixels').selectOption('Off');
  await expect(method.locator('summary')).toContainText('linspace, not clipped');
  await form.generate(page, {});
  await expect(page.getByTestId('parameters')).toContainText(/Timestep spacing: Linspace/i);
  await page.getByLabel('Timesteps of Uniform').selectOption('Automatic');
  await page.getByLabel('Clip predictions to pixels').selectOption('Automatic');
  await page.getByRole('button', { name: 'Reuse settings' }).click();
  await expect(page.getByLabel('Timesteps of Uniform')).toHaveValue('Linspace');
  await expect(page.getByLabel('Clip predictions to pixels')).toHaveValue('Off');
});

test('the button that began a drawing keeps the focus', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  const button = page.getByRole('button', { name: 'Generate', exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(form.images(page)).toHaveCount(4);
  await expect(button).toBeFocused();
});
