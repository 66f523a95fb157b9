// A picture to begin from, and the mask that is painted on it.

import { grayPng } from './png.ts';
import { expect, fold, open, type Locator, type Page } from './studio.ts';

/** A slope from black to nearly white. */
export const given = { name: 'given.png', mimeType: 'image/png', buffer: grayPng(28, (x, y) => 4 * x + 4 * y) };

export const source = (page: Page) => page.getByAltText('Picture to begin from');
export const canvas = (page: Page) => page.locator('.easel canvas');
export const mask = (page: Page) => page.locator('input[name="mask"]');

/** Whether the picture to begin from is on the screen, between the page's head and the buttons. */
export async function inSight(page: Page): Promise<void> {
  await expect(source(page)).toBeVisible();
  await expect(source(page), 'it is brought on the screen').toBeInViewport({ ratio: 1 });
  await expect(async () => {
    const [picture, head] = [await source(page).boundingBox(), await page.getByRole('banner').boundingBox()];
    const bar = await page.getByRole('button', { name: 'Generate', exact: true }).boundingBox();
    expect(picture!.y, 'below the head').toBeGreaterThanOrEqual(head!.y + head!.height);
    expect(picture!.y + picture!.height, 'above the buttons').toBeLessThanOrEqual(bar!.y);
  }).toPass();
}

/** What pages are looked at on. */
export const SCREENS = [
  { width: 1400, height: 900 },
  { width: 400, height: 800 },
];

/** Opens the page and gives it `picture` to begin from. */
export async function give(page: Page, picture = given): Promise<void> {
  await open(page, '/');
  await fold(page, 'img2img').locator('summary').click();
  await page.getByLabel('Picture to begin from', { exact: true }).last().setInputFiles(picture);
  await expect(source(page)).toBeVisible();
}

/** Draws a line over the middle of the picture. */
export async function paint(page: Page): Promise<void> {
  await canvas(page).evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = await canvas(page).boundingBox();
  if (!box) throw new Error('there is no canvas');
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
}

/** Share of the canvas that is painted. */
export function painted(canvas: Locator): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    const data = element.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += (data[at] ?? 0) > 127 ? 1 : 0;
    return count / (width * height);
  });
}
