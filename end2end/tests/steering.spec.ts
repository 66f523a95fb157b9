import { expect, open, reload, test } from './studio.ts';
import * as form from './train-form.ts';

/** A run that goes on and leaves nothing by itself. */
const ENDLESS = { Steps: '100000', 'Sample every': '100000', 'Checkpoint every': '100000' };

test('a run is told to save, to sample and to learn slower', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'steered', { ...ENDLESS, 'Learning rate': '0.001' });
  await form.start(page);
  await form.reached(page, 5);
  const helm = page.getByRole('region', { name: 'Steer the run' });
  await expect(form.samples(page)).toHaveCount(0);
  await helm.getByRole('button', { name: 'Sample now' }).click();
  await expect(helm.getByRole('status')).toContainText('Samples follow');
  await expect(form.samples(page)).toHaveCount(1);
  await helm.getByRole('button', { name: 'Save now' }).click();
  const checkpoints = page.getByRole('region', { name: 'Checkpoints' });
  await expect(checkpoints.getByRole('link')).toHaveCount(1);

  await helm.getByRole('button', { name: 'Halve the learning rate' }).click();
  await expect(helm.getByLabel('Learning rate ×')).toHaveValue('0.5');
  await expect(page.locator('.run-figures')).toContainText('5.0e-4');
  await helm.getByLabel('Learning rate ×').fill('3');
  await helm.getByRole('button', { name: 'Set the learning rate' }).click();
  await expect(helm.getByRole('status')).toContainText('3 times its own');
  await expect(page.locator('.run-figures')).toContainText('0.0030');
  await helm.getByRole('button', { name: 'Double the learning rate' }).click();
  await expect(helm.getByLabel('Learning rate ×')).toHaveValue('6');
  await expect(page.locator('.run-figures')).toContainText('0.0060');
  await helm.getByLabel('Learning rate ×').fill('5000');
  await helm.getByRole('button', { name: 'Set the learning rate' }).click();
  await expect(helm.getByRole('alert')).toContainText('1000');
  await helm.getByLabel('Sample every').fill('20');
  await helm.getByRole('button', { name: 'Set the interval of samples' }).click();
  await expect(form.samples(page).nth(2)).toBeVisible();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(helm).toBeHidden();
});

test('a run is paused, draws meanwhile, and goes on', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'held', ENDLESS);
  await expect(page.getByRole('button', { name: 'Pause' })).toBeDisabled();
  await form.start(page);
  await form.reached(page, 5);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.run-head .badge')).toHaveText('paused');
  const run = page.getByRole('region', { name: 'Run', exact: true });
  await expect(run.getByText('Paused: other runs wait')).toBeVisible();
  const step = await page.getByTestId('train-step').textContent();
  const helm = page.getByRole('region', { name: 'Steer the run' });
  await helm.getByRole('button', { name: 'Sample now' }).click();
  await expect(form.samples(page)).toHaveCount(1);
  await expect(page.getByTestId('train-step')).toHaveText(step ?? '');

  await reload(page);
  await expect(page.locator('.run-head .badge')).toHaveText('paused');
  await expect(page.getByTestId('train-step')).toHaveText(step ?? '');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.locator('.run-head .badge')).toHaveText('running');
  await form.reached(page, Number((step ?? '').split('/')[0].replace(/\D/g, '')) + 1);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.run-head .badge')).toHaveText('paused');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.locator('.run-head .badge')).toHaveText('stopped');
});

test('a new run branches from a checkpoint', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'trunk', { Steps: '40', 'Checkpoint every': '20' });
  await form.start(page);
  await form.finished(page, 'trunk');
  await page.getByText('Branch a new run', { exact: true }).click();
  const branches = page.getByRole('navigation', { name: 'Checkpoints to branch from' });
  await branches.getByRole('link', { name: '20', exact: true }).click();
  await expect(page.getByLabel('Run name', { exact: true })).toHaveValue('trunk-1');
  await form.unfold(page);
  await expect(form.setting(page, 'Begin from')).toHaveValue('trunk@20');
  await expect(form.setting(page, 'Down channels')).toHaveValue('8, 16');
  await form.start(page);
  await form.finished(page, 'trunk-1');
});

test('a checkpoint draws, and a run that is over goes on', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'longer', { Steps: '60', 'Checkpoint every': '20' });
  await form.start(page);
  await form.finished(page, 'longer');
  const extension = page.getByRole('region', { name: 'Extend the run' });
  await extension.getByLabel('Extend to').fill('30');
  await extension.getByRole('button', { name: 'Extend' }).click();
  await expect(extension.getByRole('alert')).toContainText('not beyond step 60');
  await extension.getByLabel('Extend to').fill('90');
  await extension.getByRole('button', { name: 'Extend' }).click();
  await form.reached(page, 90);
  await expect(page.getByTestId('train-step')).toHaveText('90 / 90');

  await page.getByRole('region', { name: 'Checkpoints' }).getByRole('link').last().click();
  await expect(page).toHaveTitle(/Generate/);
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue(/^longer@\d+$/);
});

test('the speed of a run is measured before it starts', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'measured', { Steps: '500' });
  const estimate = page.getByLabel('Estimate');
  await page.getByRole('button', { name: 'Measure speed' }).click();
  await expect(estimate).toContainText(/Images\/s\s*\d/);
  await expect(estimate).toContainText(/Time\s*about \d/);
  await form.setting(page, 'Batch size').fill('9');
  await expect(estimate).toContainText(/Images\/s\s*–/);
  await expect(page.getByText('The form has changed since')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a run is told to save, and a factor out of its range is refused', async ({ page }) => {
    await page.goto('/train');
    await form.fillTiny(page, 'plain-run', ENDLESS);
    await form.start(page);
    const helm = page.getByRole('region', { name: 'Steer the run' });
    await expect(async () => {
      await page.reload();
      await expect(helm).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 30_000 });
    await helm.getByRole('button', { name: 'Save now' }).click();
    const checkpoints = page.getByRole('region', { name: 'Checkpoints' });
    await expect(async () => {
      await page.reload();
      await expect(checkpoints.getByRole('link')).toHaveCount(1, { timeout: 500 });
    }).toPass({ timeout: 30_000 });

    await helm.getByLabel('Learning rate ×').fill('5000');
    await helm.getByRole('button', { name: 'Set the learning rate' }).click();
    await expect(helm.getByRole('alert')).toContainText('1000');

    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.locator('.run-head .badge')).toHaveText('paused');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.locator('.run-head .badge')).toHaveText('running');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
  });

  test('a preset is filled in, and its run samples, stops, resumes and is extended', async ({ page }) => {
    /** Reads the page anew until `seen` holds. */
    const comes = (seen: () => Promise<void>) =>
      expect(async () => {
        await page.reload();
        await seen();
      }).toPass({ timeout: 60_000 });
    const soon = { timeout: 500 };
    const state = page.locator('.run-head .badge');

    await page.goto('/train');
    await page.getByLabel('Preset', { exact: true }).selectOption('reference');
    await page.getByRole('button', { name: 'Fill in' }).click();
    await form.unfold(page);
    await expect(form.setting(page, 'Down channels')).toHaveValue('32, 64, 128, 256');
    await page.getByLabel('Preset', { exact: true }).selectOption('small');
    await page.getByRole('button', { name: 'Fill in' }).click();

    await form.fillTiny(page, 'plain-way', ENDLESS);
    await form.start(page);
    const helm = page.getByRole('region', { name: 'Steer the run' });
    await comes(() => expect(helm).toBeVisible(soon));
    await helm.getByRole('button', { name: 'Sample now' }).click();
    await comes(() => expect(form.samples(page)).toHaveCount(1, soon));
    await helm.getByLabel('Sample every').fill('20');
    await helm.getByRole('button', { name: 'Set the interval of samples' }).click();
    await comes(() => expect(form.samples(page).nth(2)).toBeVisible(soon));
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await comes(() => expect(state).toHaveText('stopped', soon));
    await page.getByRole('button', { name: 'Resume' }).click();
    await comes(() => expect(state).toHaveText('running', soon));
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await comes(() => expect(state).toHaveText('stopped', soon));

    const extension = page.getByRole('region', { name: 'Extend the run' });
    await extension.getByLabel('Extend to').fill('200000');
    await extension.getByRole('button', { name: 'Extend' }).click();
    await comes(() => expect(page.getByTestId('train-step')).toContainText('/ 200,000', soon));
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
  });
});
