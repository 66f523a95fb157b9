import { expect, open, reload, test } from './studio.ts';
import * as form from './train-form.ts';

test('the chart shows held-out losses, learning rate and gradient norm', async ({ page }) => {
  await open(page, '/train');
  const held = { Steps: '60', 'Held-out share': '0.1', 'Validate every': '20' };
  await form.fillTiny(page, 'charted', held);
  await form.start(page);
  await form.reached(page, 60);
  const lines = page.getByRole('list', { name: 'Lines' });
  await expect(lines).toContainText('held-out images');
  await expect(page.locator('.plot path.held-out')).toHaveAttribute('d', /^M/);

  const choice = page.getByRole('navigation', { name: 'What the chart shows' });
  await choice.getByRole('link', { name: 'Gradient norm' }).click();
  const curve = page.getByRole('img', { name: 'Gradient norm curve' });
  await expect(curve).toBeVisible();
  await expect(lines).toBeHidden();
  await curve.focus();
  await page.keyboard.press('Home');
  const readout = page.locator('.readout');
  await expect(readout).toContainText(/Step\s*1\s*Gradient norm\s*\d/);
  await page.keyboard.press('ArrowRight');
  await expect(readout).toContainText(/Step\s*2\s*Gradient/);
  await page.keyboard.press('End');
  await expect(readout).toContainText(/Step\s*60\s*Gradient/);
  await page.keyboard.press('ArrowLeft');
  await expect(readout).toContainText(/Step\s*59\s*Gradient/);

  await reload(page);
  await expect(curve).toBeVisible();
  await choice.getByRole('link', { name: 'Learning rate' }).click();
  await expect(readout).toContainText(/Learning rate\s*\d/);
  await choice.getByRole('link', { name: 'Loss', exact: true }).click();
  await expect(form.curve(page)).toBeVisible();
  await expect(lines).toContainText('held-out images');
  await expect(page.getByRole('heading', { name: 'charted' })).toBeVisible();
});

test('other runs are laid over the chart, and stay through a reload', async ({ page }) => {
  await open(page, '/train');
  for (const name of ['first-line', 'second-line']) {
    await form.fillTiny(page, name, { Steps: '20' });
    await form.start(page);
    await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
    await form.reached(page, 20);
  }
  const runs = page.getByRole('region', { name: 'Runs' });
  const first = runs.getByRole('listitem').filter({ hasText: 'first-line' });
  await first.getByRole('link', { name: 'Overlay' }).click();
  const lines = page.getByRole('list', { name: 'Lines' });
  await expect(lines).toContainText('first-line');
  await expect(lines).toContainText('second-line');
  await expect(page.locator('.plot path.other')).toHaveAttribute('d', /^M.*L/);
  await expect(page).toHaveURL(/with=\d+/);
  await reload(page);
  await expect(lines).toContainText('first-line');
  await first.getByRole('link', { name: 'Beside the curve' }).click();
  await expect(page.locator('.plot path.other')).toHaveCount(0);
});

test('the chart is drawn by its controls', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'controlled', { Steps: '80' });
  await form.start(page);
  await form.finished(page, 'controlled');
  const lines = page.getByRole('list', { name: 'Lines' });
  const drawn = () => page.locator('.plot path').evaluateAll((all) => all.map((path) => path.getAttribute('d')).join(' '));

  const logarithmic = await drawn();
  await page.getByRole('checkbox', { name: 'Log scale' }).uncheck();
  await expect.poll(drawn).not.toBe(logarithmic);
  const straight = await drawn();
  await page.getByRole('slider', { name: 'Smoothing' }).fill('0');
  await expect.poll(drawn).not.toBe(straight);
  await page.getByRole('slider', { name: 'Smoothing' }).fill('0.8');
  await expect.poll(drawn, 'as it was').toBe(straight);

  await page.getByRole('checkbox', { name: 'By noise' }).check();
  await expect.poll(drawn).not.toBe(straight);
  await expect(lines.getByRole('listitem')).not.toHaveCount(0);
  await page.getByRole('checkbox', { name: 'By noise' }).uncheck();
  await expect.poll(drawn).toBe(straight);
});
