import { expect, open, reload, test, type Page } from './studio.ts';

const stage = (page: Page) => page.getByRole('img', { name: /^The picture at timestep \d+$/ });
const slider = (page: Page) => page.getByRole('slider', { name: 'Timestep' });
const formula = (page: Page) => page.getByText(/^x at t = \d+ is/);
const number = (page: Page, name: string) => page.getByRole('spinbutton', { name, exact: true });

/** Where the strip of frames stands, and which strip it is. */
function background(page: Page): Promise<{ place: string; url: string }> {
  return stage(page)
    .locator('.strip')
    .evaluate((strip: HTMLElement) => ({
      place: strip.style.backgroundPosition,
      url: strip.style.backgroundImage,
    }));
}

test('the slider drowns the picture in noise', async ({ page }) => {
  await open(page, '/process');
  await slider(page).focus();
  await page.keyboard.press('Home');
  await expect(formula(page)).toHaveText(/t = 0 is 1\.000 × picture/);
  const first = await background(page);
  await page.keyboard.press('End');
  await expect(formula(page)).toHaveText(/t = 999 is 0\.006 × picture \+ 1\.000 × noise/);
  const last = await background(page);
  expect(last.url).toBe(first.url);
  expect(last.place).not.toBe(first.place);
  const strip = await page.request.get(/url\("(.*)"\)/.exec(last.url)?.[1] ?? '');
  expect(strip.ok(), 'the strip is there').toBe(true);
});

test('another picture and another schedule change what is shown', async ({ page }) => {
  await open(page, '/process');
  const before = await background(page);
  const told = (await formula(page).textContent()) ?? '';
  await page.getByRole('button', { name: 'Next' }).click();
  await expect.poll(async () => (await background(page)).url).not.toBe(before.url);
  await expect(number(page, 'Image')).toHaveValue('1');
  await page.getByRole('button', { name: 'Previous' }).click();
  await page.getByRole('button', { name: 'Previous' }).click();
  await expect(number(page, 'Image'), 'before the first comes the last').not.toHaveValue(/^[01]$/);
  await page.getByLabel('Beta schedule').selectOption('cosine');
  await expect(formula(page)).not.toHaveText(told);
});

test('the schedule is drawn as curves, and their values follow the slider', async ({ page }) => {
  await open(page, '/process');
  const curves = page.locator('.curves figure');
  await expect(curves).toHaveCount(3);
  const values = () => curves.locator('output').allTextContents();
  const marks = () => curves.locator('path.mark').evaluateAll((all) => all.map((path) => path.getAttribute('d')));
  for (const line of await curves.locator('path.line').all()) {
    await expect(line).toHaveAttribute('d', /^M.*[LVH ].*\d/);
  }
  await slider(page).focus();
  await page.keyboard.press('Home');
  const [valuesAtStart, marksAtStart] = [await values(), await marks()];
  await page.keyboard.press('End');
  await expect.poll(marks).not.toEqual(marksAtStart);
  for (const [index, value] of (await values()).entries()) expect(value).not.toBe(valuesAtStart[index]);
});

test('everything survives a reload', async ({ page }) => {
  await open(page, '/process');
  await number(page, 'Image').fill('3');
  await number(page, 'Timesteps').fill('100');
  await page.getByLabel('Zero terminal SNR').check();
  await slider(page).focus();
  await page.keyboard.press('End');
  await page.waitForURL(/image=3&.*num_timesteps=100&.*rescale_zero_snr=true&t=99(&|$)/);
  await reload(page);
  await expect(number(page, 'Image')).toHaveValue('3');
  await expect(page.getByLabel('Zero terminal SNR')).toBeChecked();
  await expect(formula(page)).toHaveText(/t = 99 is 0\.000 × picture/);
  await expect(page.getByText('Nothing of the picture is left:')).toBeVisible();
});

test('a value that will not do is told at its field, and the picture stays', async ({ page }) => {
  await open(page, '/process');
  const before = await background(page);
  await number(page, 'Timesteps').fill('1');
  await expect(number(page, 'Timesteps')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('2');
  expect(await background(page)).toEqual(before);
  await number(page, 'Timesteps').fill('1000');
  await expect(page.getByRole('alert')).toBeHidden();
});

test('a timestep that there is not is told until another picture is asked for', async ({ page }) => {
  await open(page, '/process?t=abc&picture=999999');
  await expect(page.getByRole('alert')).toContainText('timestep: there is no `abc`; 249 of 999 is shown');
  await expect(page.getByRole('alert')).toContainText('picture: there is no picture 999999 any more');
  await expect(formula(page)).toHaveText(/t = 249/);
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the form shows what it says', async ({ page }) => {
    await page.goto('/process');
    await number(page, 'Image').fill('2');
    await number(page, 'Show timestep').fill('999');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(formula(page)).toHaveText(/t = 999/);
    await expect(number(page, 'Image')).toHaveValue('2');
  });

  test('a wrong value is told', async ({ page }) => {
    await page.goto('/process?num_timesteps=1');
    await expect(page.getByRole('alert')).toContainText('2');
    await expect(number(page, 'Timesteps')).toHaveValue('1');
  });
});

test('an image from the disk goes under noise, and the data set comes back', async ({ page }) => {
  await open(page, '/process');
  const before = await background(page);
  const name = 'docs/sprites.png';
  await page.getByLabel('An image of your own').setInputFiles(`../${name}`);
  await expect(page.getByText('Your image is shown')).toBeVisible();
  const own = /input=[0-9a-f]{32}&/;
  await expect.poll(async () => (await background(page)).url).toMatch(own);
  await page.waitForURL(own);
  await reload(page);
  await expect.poll(async () => (await background(page)).url).toMatch(own);
  await page.getByRole('button', { name: 'Back to the data set' }).click();
  await expect.poll(async () => (await background(page)).url).toBe(before.url);
});
