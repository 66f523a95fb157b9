// Takes the pictures of docs/screenshots: every tab, with something in it to see.

import { fileURLToPath } from 'node:url';
import * as drawing from '../tests/generate-form.ts';
import { settled } from '../tests/pages.ts';
import { expect, open, test, type Page } from '../tests/studio.ts';
import * as training from '../tests/train-form.ts';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

/** Steps of the run that is on show; enough for the samples to be digits. */
const STEPS = process.env.STEPS ?? '1500';

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${folder}${name}.png` });
}

async function draw(page: Page, model: string, seed: number): Promise<void> {
  await open(page, '/');
  await drawing.generate(page, { model, sampler: 'DDPM', steps: 100, batchSize: 16, seed });
  await expect(drawing.images(page)).toHaveCount(16, { timeout: 300_000 });
  await expect(drawing.progress(page)).toBeHidden();
}

test('pictures for the README', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await draw(page, 'textures', 21);
  await shoot(page, 'generate-textures');
  await draw(page, 'digits', 7);
  await shoot(page, 'generate');
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot(page, 'generate-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await drawing.images(page).nth(5).click();
  await page.getByRole('slider', { name: 'From noise to picture' }).fill('70');
  await shoot(page, 'enlarged');

  for (const [path, name] of [
    ['/datasets', 'datasets'],
    ['/datasets?name=textures', 'dataset'],
    ['/settings', 'settings'],
  ]) {
    await settled(page, path);
    await shoot(page, name);
  }

  await page.setViewportSize({ width: 400, height: 860 });
  await settled(page, '/');
  await shoot(page, 'phone');

  await page.setViewportSize({ width: 1400, height: 900 });
  await train(page);
  await shoot(page, 'train');
});

/** Starts a run and waits until most of it is done. */
async function train(page: Page): Promise<void> {
  await open(page, '/train');
  await page.getByLabel('Data set', { exact: true }).selectOption('digits');
  await page.getByLabel('Run name', { exact: true }).fill('first');
  await training.unfold(page);
  await training.setting(page, 'Steps').fill(STEPS);
  await training.setting(page, 'Sample every').fill(`${Number(STEPS) / 5}`);
  await page.getByText('All settings').click();
  await training.start(page);
  await training.reached(page, Number(STEPS) * 0.85, 800_000);
  await settled(page, '/train');
}
