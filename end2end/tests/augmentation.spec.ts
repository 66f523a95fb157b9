import { expect, fold, open, test, type Page } from './studio.ts';
import * as form from './train-form.ts';

const sheet = (page: Page) => page.getByAltText('The image and eleven variants of it');
const number = (page: Page, name: string) => page.getByRole('spinbutton', { name, exact: true });

/** The slider beside a number: a second handle on it, for the mouse. */
function slider(page: Page, name: string) {
  return page.locator('.slider').filter({ has: number(page, name) }).locator('input[type=range]');
}

async function unfolded(page: Page): Promise<void> {
  await open(page, '/datasets?name=textures');
  await fold(page, 'Augmentation').locator('summary').click();
}

test('augmentation is looked at and taken along to Train', async ({ page }) => {
  await unfolded(page);
  await expect.poll(() => sheet(page).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(28);
  await page.getByLabel('Mirror').selectOption('both');
  await page.getByLabel('Quarter turns').check();
  await number(page, 'Random crop').fill('0.95');
  await expect(number(page, 'Random crop')).toHaveAttribute('aria-invalid', 'true');
  await number(page, 'Random crop').fill('0.25');
  await number(page, 'Colour jitter').fill('0.3');
  await number(page, 'Augment probability').fill('0.15');
  await number(page, 'Cutout').fill('0.2');
  await expect(sheet(page)).toHaveAttribute(
    'src',
    /flip=both&rotate=true&crop=0\.25&colour_jitter=0\.3&augment_probability=0\.15&cutout=0\.2/,
  );
  await expect(number(page, 'Random crop')).not.toHaveAttribute('aria-invalid');
  await page.getByRole('link', { name: 'Use in Train' }).click();
  await expect(page.getByLabel('Data set', { exact: true })).toHaveValue('textures');
  await form.unfold(page);
  const field = (name: string) => page.locator(`[name="dataset_params.${name}"]`).last();
  await expect(field('flip')).toHaveValue('both');
  await expect(form.setting(page, 'Quarter turns')).toBeChecked();
  await expect(field('crop')).toHaveValue('0.25');
  await expect(field('colour_jitter')).toHaveValue('0.3');
  await expect(field('augment_probability')).toHaveValue('0.15');
  await expect(field('cutout')).toHaveValue('0.2');
});

test('another image is augmented, and one that is not there is told', async ({ page }) => {
  await unfolded(page);
  const first = await sheet(page).evaluate((image: HTMLImageElement) => image.src);
  await number(page, 'Image').fill('3');
  await expect(sheet(page)).toHaveAttribute('src', /image=3&/);
  expect(await sheet(page).evaluate((image: HTMLImageElement) => image.src)).not.toBe(first);
  await number(page, 'Image').fill('100000');
  await expect(number(page, 'Image')).toHaveAttribute('aria-invalid', 'true');
  await number(page, 'Image').fill('0');
  await expect(number(page, 'Image')).not.toHaveAttribute('aria-invalid');
});

test('sliders go as far as the numbers may', async ({ page }) => {
  await unfolded(page);
  for (const [name, largest, part] of [
    ['Random crop', '0.9', 'crop=0.9'],
    ['Colour jitter', '1', 'colour_jitter=1'],
    ['Augment probability', '1', 'augment_probability=1'],
    ['Cutout', '1', 'cutout=1'],
  ] as const) {
    await slider(page, name).fill(largest);
    await expect(number(page, name)).toHaveValue(largest);
    await expect(sheet(page)).toHaveAttribute('src', new RegExp(part));
    await expect(number(page, name)).not.toHaveAttribute('aria-invalid');
  }
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the variants come as a picture', async ({ page }) => {
    await page.goto('/datasets?name=textures');
    await fold(page, 'Augmentation').locator('summary').click();
    await page.getByLabel('Mirror').selectOption('both');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page).toHaveURL(/flip=both/);
    await expect(page.locator('img')).toHaveJSProperty('complete', true);
  });
});
