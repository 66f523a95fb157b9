import * as form from './generate-form.ts';
import { Server } from './server.ts';
import { expect, open, test, type Page } from './studio.ts';
import * as train from './train-form.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 620 };

const prompt = (page: Page) => page.getByLabel('Prompt', { exact: true });
const negative = (page: Page) => page.getByLabel('Negative prompt', { exact: true });

/** Gives all models a negative prompt in Settings. */
async function always(page: Page, words: string): Promise<void> {
  await open(page, '/settings');
  const field = page.getByLabel('Negative prompt of all models');
  if ((await field.inputValue()) !== words) {
    const answer = page.waitForResponse(/\/fn\/change_preference/);
    await field.fill(words);
    await field.press('Tab');
    expect((await answer).ok()).toBe(true);
  }
  await open(page, '/');
}

test('a negative prompt is steered away from, and told', async ({ page }) => {
  await open(page, '/');
  const without = await form.draw(page, { ...SMALL, prompt: '7' });
  const plain = await form.pixels(page);
  await negative(page).fill('1');
  const told = await form.draw(page, {});
  expect(without).not.toContain('Negative prompt');
  expect(told).toMatch(/^7\nNegative prompt: 1\nSteps: 4/);
  expect((await form.pixels(page)).equals(plain)).toBe(false);
});

test('the CFG scale changes the picture, and is told', async ({ page }) => {
  await open(page, '/');
  const pictures: string[] = [];
  for (const scale of ['1', '2.5', '6']) {
    await form.number(page, 'CFG scale').fill(scale);
    const told = await form.draw(page, { ...SMALL, prompt: '3' });
    expect(told).toMatch(new RegExp(`CFG scale: ${scale}(\\.0)?,`));
    pictures.push((await form.pixels(page)).toString('base64'));
  }
  expect(new Set(pictures).size).toBe(3);
});

test('words of the negative prompt that no class is called by are said to be unused', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { model: 'digits' });
  const unused = page.getByText('is not known to this model and goes unused');
  await negative(page).fill('1, 2');
  await expect(unused.filter({ hasText: '1' })).toBeHidden();
  await negative(page).fill('blurry, 1, worst quality');
  await expect(unused).toContainText('“blurry, worst quality” is not known');
});

test('a model without classes says why there is nothing to ask it for', async ({ page }) => {
  await always(page, 'rain');
  await form.fill(page, { model: 'digits' });
  await expect(prompt(page)).toBeEnabled();
  await form.fill(page, { model: 'textures' });
  await expect(prompt(page)).toBeDisabled();
  await expect(page.getByText('This model learned without classes')).toBeVisible();
  await expect(negative(page)).toBeHidden();
  const words = page.getByText('Settings adds “rain” to all models; this one takes no negative prompt');
  await expect(words).toBeVisible();
  await expect(form.number(page, 'CFG scale')).toBeHidden();
  expect(await form.draw(page, { ...SMALL, model: 'textures' })).toMatch(/^Steps: 4/);
  await form.fill(page, { model: 'digits' });
  await expect(negative(page)).toBeVisible();
  await always(page, '');
});

test('the negative prompt of Settings goes to every picture', async ({ page }) => {
  await always(page, '');
  await form.draw(page, { ...SMALL, prompt: '7' });
  const plain = await form.pixels(page);
  await always(page, '1, rain');
  try {
    await expect(page.getByText('Settings adds “1”; “rain” is not known to this model')).toBeVisible();
    await form.draw(page, { ...SMALL, prompt: '7' });
    expect((await form.pixels(page)).equals(plain), 'it is steered away from').toBe(false);
  } finally {
    await always(page, '');
  }
  await expect(page.getByText('Settings adds')).toBeHidden();
});

test('Settings begins with words to stay away from, and it is told where they go unused', async ({ page }) => {
  const words = 'nudity, racism, oppression, exploitation';
  const server = new Server();
  try {
    await server.start();
    await open(page, `${server.url}/settings`);
    await expect(page.getByLabel('Negative prompt of all models')).toHaveValue(words);
    await open(page, `${server.url}/`);
    await form.fill(page, { model: 'digits' });
    const told = page.getByText(`Settings adds “${words}” to all models`);
    await expect(told).toContainText('this one does not know these words, so they go unused');
    await form.fill(page, { model: 'textures' });
    await expect(told).toContainText('this one takes no negative prompt, so they go unused');
  } finally {
    await server.discard();
  }
});

test('a model that knows nothing but classes asks for one', async ({ page }) => {
  await open(page, '/train');
  await train.fillTiny(page, 'classed', { Steps: '2', 'Checkpoint every': '2', 'Sample every': '2', 'Class dropout': '0' });
  await page.getByLabel('Learn its classes', { exact: true }).check();
  await train.start(page);
  await train.finished(page, 'classed');
  await open(page, '/?model=classed');
  await expect(page.getByText('never learned to draw without a class')).toBeVisible();
  await expect(negative(page)).toBeHidden();
  await prompt(page).fill('');
  await form.generate(page, { ...SMALL, model: 'classed' });
  await expect(prompt(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByText('this model needs a class for every picture, such as 0')).toBeVisible();
  expect(await form.draw(page, { prompt: '7' })).toMatch(/^7\nSteps: 4/);
});

test('a class that is not known is told with those that are nearest', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, prompt: '77' });
  await expect(prompt(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText(/77.*7/);
  await expect(prompt(page)).toHaveValue('77');
  await expect(form.number(page, 'Seed')).toHaveValue('620');
  await form.draw(page, { prompt: '7' });
  await expect(prompt(page)).not.toHaveAttribute('aria-invalid');
});

test('classes that no picture is left for are told while they are typed', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, prompt: '0..3' });
  const told = page.getByRole('status').filter({ hasText: 'that the prompt stands for' });
  await expect(told).toHaveText(/^Draws the first of the 4 that .* Ask for 4 images/);
  await form.fill(page, { batchSize: 3 });
  await expect(told).toHaveText(/^Draws the first 3 of the 4 that/);
  await form.fill(page, { batchSize: 4 });
  await expect(told).toBeHidden();
});

test('a class that is like none is told with those there are', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, prompt: 'sevn' });
  await expect(prompt(page)).toHaveAccessibleDescription(/there is no `sevn`; the classes are 0 to 9/);
  await page.getByRole('group', { name: 'Classes of the model' }).getByRole('button', { name: '7' }).click();
  await expect(prompt(page), 'it is true no more').not.toHaveAttribute('aria-invalid');
});

test('a range of classes that runs backwards is told how it runs', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, { ...SMALL, prompt: '9-0' });
  await expect(prompt(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(prompt(page)).toHaveAccessibleDescription(/a range of classes runs upwards, as in `0\.\.9`/);
});
