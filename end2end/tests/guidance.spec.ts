import * as form from './generate-form.ts';
import { expect, open, test } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 640 };

test('classes are blended, weighed and composed, and all of it is told', async ({ page }) => {
  await open(page, '/');
  const pictures = new Set<string>();
  const prompts = ['3', '8', '3, 8', '(3:3), 8', '3 AND 8', '3 AND 8 :0.5'];
  for (const prompt of prompts) {
    const told = await form.draw(page, { ...SMALL, prompt });
    expect(told.split('\n')[0]).toBe(prompt);
    pictures.add((await form.pixels(page)).toString('base64'));
  }
  expect(pictures.size, 'each is another picture').toBe(prompts.length);
});

test('timesteps are spaced as asked, which is told and seen', async ({ page }) => {
  await open(page, '/');
  await page.locator('summary', { hasText: 'Timesteps, clipping, precision' }).click();
  const pictures = new Set<string>();
  for (const spacing of ['Leading', 'Trailing', 'Linspace']) {
    await page.getByLabel('Timesteps of Uniform').selectOption(spacing);
    const told = await form.draw(page, { ...SMALL, prompt: '5' });
    expect(told).toContain(spacing);
    pictures.add((await form.pixels(page)).toString('base64'));
  }
  expect(pictures.size).toBe(3);
});
