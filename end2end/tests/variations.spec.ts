import * as form from './generate-form.ts';
import { expect, fold, open, test } from './studio.ts';

const SMALL = { model: 'digits', prompt: '5', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 630 };

test('a variation goes from its seed to another', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Extra').locator('summary').click();
  const variation = async (strength: string) => {
    await form.number(page, 'Variation seed').fill('631');
    await form.number(page, 'Variation strength').fill(strength);
    return { told: await form.draw(page, SMALL), picture: await form.pixels(page) };
  };
  const [none, half, whole] = [await variation('0'), await variation('0.5'), await variation('1')];
  expect(none.told).not.toContain('Variation');
  expect(half.told).toContain('Variation seed: 631, Variation seed strength: 0.5');

  await form.number(page, 'Variation strength').fill('0');
  await form.draw(page, { ...SMALL, seed: 631 });
  const other = await form.pixels(page);
  expect(none.picture.equals(half.picture)).toBe(false);
  expect(whole.picture.equals(half.picture)).toBe(false);
  expect(whole.picture.equals(other), 'all the way is the other seed').toBe(true);
});

test('a variation seed of -1 is drawn, and its picture comes again', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Variation strength').fill('0.6');
  const told = await form.draw(page, SMALL);
  const picture = await form.pixels(page);
  const second = /Variation seed: (\d+)/.exec(told)?.[1];
  expect(second, told).toBeDefined();
  await form.draw(page, SMALL);
  expect((await form.pixels(page)).equals(picture), 'another is drawn each time').toBe(false);
  await form.number(page, 'Variation seed').fill(second ?? '');
  await form.draw(page, SMALL);
  expect((await form.pixels(page)).equals(picture)).toBe(true);
});
