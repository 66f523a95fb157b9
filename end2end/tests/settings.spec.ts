import * as form from './generate-form.ts';
import { expect, open, reload, test, type Page } from './studio.ts';

async function saved(page: Page, choose: () => Promise<void>): Promise<void> {
  const answer = page.waitForResponse(/\/fn\/change_preference/);
  await choose();
  expect((await answer).ok()).toBe(true);
}

test('the theme is kept and shown in every tab', async ({ page, context }) => {
  await open(page, '/settings');
  await saved(page, () => page.getByRole('radio', { name: 'Light' }).check());
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  const other = await context.newPage();
  await open(other, '/train');
  await expect(other.locator('html')).toHaveAttribute('data-theme', 'light');
  const light = await other.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await saved(page, () => page.getByRole('radio', { name: 'Dark' }).check());
  await reload(other);
  const dark = await other.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(dark).not.toBe(light);
  await saved(page, () => page.getByRole('radio', { name: 'System' }).check());
});

test('without a live preview there is none', async ({ page }) => {
  await open(page, '/settings');
  await saved(page, () => page.getByRole('checkbox', { name: 'Live preview' }).uncheck());
  await open(page, '/');
  await form.generate(page, form.LONG);
  await form.begun(page);
  await expect(page.getByAltText('Live preview')).toBeHidden();
  await form.interrupt(page);
  await open(page, '/settings');
  await expect(page.getByRole('checkbox', { name: 'Live preview' })).not.toBeChecked();
  await saved(page, () => page.getByRole('checkbox', { name: 'Live preview' }).check());
});

test('pictures that are half done are kept or not, as was chosen', async ({ page }) => {
  const keep = page.getByRole('checkbox', { name: 'Keep pictures that Interrupt ends half done' });
  const told = form.results(page).getByText(/^Interrupted: /);
  const interrupted = async () => {
    await open(page, '/');
    await form.generate(page, form.LONG);
    await form.begun(page);
    await expect(page.getByAltText('Live preview')).toBeVisible();
    await form.interrupt(page);
  };
  await interrupted();
  await expect(told).toContainText('half done');
  await expect(form.images(page)).not.toHaveCount(0);

  await open(page, '/settings');
  await saved(page, () => keep.uncheck());
  await interrupted();
  await expect(told).toContainText('0 images of');
  await expect(form.images(page)).toHaveCount(0);
  await open(page, '/settings');
  await expect(keep).not.toBeChecked();
  await saved(page, () => keep.check());
});

test('pixels are crisp or smooth', async ({ page }) => {
  await open(page, '/settings');
  await saved(page, () => page.getByRole('checkbox', { name: 'Crisp pixels' }).uncheck());
  await reload(page);
  await expect(page.locator('html')).toHaveAttribute('data-pixels', 'smooth');
  await saved(page, () => page.getByRole('checkbox', { name: 'Crisp pixels' }).check());
  await expect(page.locator('html')).toHaveAttribute('data-pixels', 'crisp');
});

test('a preview shows the noisy picture if that was chosen', async ({ page }) => {
  await open(page, '/settings');
  const kind = page.getByLabel('A preview shows');
  await saved(page, async () => void (await kind.selectOption('x_t')));
  await reload(page);
  await expect(kind).toHaveValue('x_t');
  await open(page, '/');
  await form.generate(page, form.LONG);
  await form.begun(page);
  await expect(page.getByText('The noisy picture as it is now')).toBeVisible();
  await form.interrupt(page);
  await open(page, '/settings');
  await saved(page, async () => void (await kind.selectOption('x0')));
});

test('previews come as often as was chosen', async ({ page }) => {
  await open(page, '/settings');
  const rate = page.getByRole('spinbutton', { name: 'Steps between previews' });
  const usual = await rate.inputValue();
  const choose = async (steps: string) => {
    await rate.fill(steps);
    await rate.press('Tab');
  };
  await choose('0');
  await expect(rate).toHaveAttribute('aria-invalid', 'true');
  await expect(rate).toHaveAccessibleDescription(/1 to 1000/);
  await saved(page, () => choose('600'));
  await expect(rate).not.toHaveAttribute('aria-invalid');

  // The first of a thousand steps' previews comes after more than half of them.
  await open(page, '/');
  await form.generate(page, { ...form.LONG, batchSize: 4 });
  await form.begun(page);
  const preview = page.getByAltText('Live preview');
  await expect(preview).toBeHidden();
  await expect(preview).toBeVisible({ timeout: 60_000 });
  const step = Number(/Step (\d+)/.exec(await form.results(page).innerText())?.[1]);
  expect(step).toBeGreaterThanOrEqual(600);
  await form.interrupt(page);

  await open(page, '/settings');
  await expect(rate).toHaveValue('600');
  await saved(page, () => choose(usual));
});

test('what two pages change is changed, each by its own', async ({ page, context }) => {
  const other = await context.newPage();
  await open(page, '/settings');
  await open(other, '/settings');
  const shown = async () => {
    await reload(page);
    return [
      await page.getByRole('radio', { name: 'Light' }).isChecked(),
      await page.getByRole('checkbox', { name: 'Crisp pixels' }).isChecked(),
    ];
  };
  await saved(page, () => page.getByRole('radio', { name: 'Light' }).check());
  await saved(other, () => other.getByRole('checkbox', { name: 'Crisp pixels' }).uncheck());
  expect(await shown()).toEqual([true, false]);
  await saved(page, () => page.getByRole('radio', { name: 'System' }).check());
  await saved(other, () => other.getByRole('checkbox', { name: 'Crisp pixels' }).check());
  expect(await shown()).toEqual([false, true]);
});
