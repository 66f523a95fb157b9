import { give, given } from './easel.ts';
import * as form from './generate-form.ts';
import { readPixels } from './png.ts';
import { expect, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 640 };
const OWN = readPixels(given.buffer);

type Place = { left: number; top: number };

async function canvas(page: Page, width: number, height: number): Promise<void> {
  await form.number(page, 'Width').fill(`${width}`);
  await form.number(page, 'Height').fill(`${height}`);
}

/** The largest difference between the picture that was given and what lies at `place` of the new one. */
async function changed(page: Page, place: Place): Promise<number> {
  const { width, data } = readPixels(await form.file(page));
  let most = 0;
  for (let y = 0; y < OWN.height; y++) {
    for (let x = 0; x < OWN.width; x++) {
      const now = data[(y + place.top) * width + x + place.left] ?? 0;
      most = Math.max(most, Math.abs(now - (OWN.data[y * OWN.width + x] ?? 0)));
    }
  }
  return most;
}

test('every resize mode makes a picture of the size that was asked for', async ({ page }) => {
  await give(page);
  await canvas(page, 56, 40);
  const mode = page.getByLabel('Resize mode');
  const modes = await mode.getByRole('option').allInnerTexts();
  expect(modes).toEqual(expect.arrayContaining(['Just resize', 'Crop and resize', 'Resize and fill', 'Grow the canvas']));
  const drawn = new Set<string>();
  for (const name of modes) {
    await mode.selectOption(name);
    const told = await form.draw(page, SMALL);
    expect(told).toContain('Size: 56x40');
    const { width, height, data } = readPixels(await form.file(page));
    expect([width, height], name).toEqual([56, 40]);
    drawn.add(data.toString('base64'));
  }
  expect(drawn.size, 'different pictures').toBe(modes.length);
});

for (const [mode, width, height, place, kept] of [
  ['Grow to the right', 56, 28, { left: 0, top: 0 }, 'its left half'],
  ['Grow to the left', 56, 28, { left: 28, top: 0 }, 'its right half'],
  ['Grow downward', 28, 56, { left: 0, top: 0 }, 'its upper half'],
  ['Grow upward', 28, 56, { left: 0, top: 28 }, 'its lower half'],
  ['Grow the canvas', 56, 56, { left: 14, top: 14 }, 'its middle'],
] as const) {
  test(`${mode}: the picture stays as ${kept}, and the rest is drawn`, async ({ page }) => {
    await give(page);
    await page.getByLabel('Resize mode').selectOption(mode);
    await expect(page.getByText('The canvas is 28×28')).toBeVisible();
    await canvas(page, width, height);
    await expect(page.getByText(`The canvas becomes ${width}×${height}`)).toBeVisible();
    await form.draw(page, SMALL);
    expect(await changed(page, place), 'the old part').toBeLessThanOrEqual(2);
    const first = await form.pixels(page);
    await form.draw(page, { seed: 641 });
    expect(await changed(page, place), 'the old part').toBeLessThanOrEqual(2);
    expect((await form.pixels(page)).equals(first), 'another seed draws another rest').toBe(false);
  });
}
