// Data sets that tests upload.

import { grayPng } from './png.ts';
import { expect, type Locator, type Page } from './studio.ts';
import { type Entry, zip } from './zip.ts';

/** `count` pictures of `side` pixels in two classes, light and dark. */
export function pictures(count: number, side = 12): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${i % 2 ? 'light' : 'dark'}/picture-${`${i}`.padStart(3, '0')}.png`,
    data: grayPng(side, (x, y) => (i % 2 ? 160 : 0) + ((x * y + i) % 90)),
  }));
}

export async function upload(page: Page, name: string, file: string, buffer: Buffer): Promise<void> {
  const form = page.getByRole('form', { name: 'Upload' });
  await form.getByLabel('Archive').setInputFiles({ name: file, mimeType: 'application/zip', buffer });
  await form.getByLabel('Name', { exact: true }).fill(name);
  await form.getByRole('button', { name: 'Upload' }).click();
}

/** Uploads `entries` as the data set `name`, which is then on show. */
export async function uploaded(page: Page, name: string, entries: Entry[]): Promise<void> {
  await upload(page, name, `${name}.zip`, zip(entries));
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
}

export function shown(page: Page): Locator {
  return page.getByRole('region', { name: 'Images' }).getByRole('img');
}
