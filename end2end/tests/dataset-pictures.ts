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

/** An npz of `count` pictures in two classes, 3 and 5. */
export function arrays(count: number, side = 12): Entry[] {
  const pixels = Array.from({ length: count * side * side }, (_, at) => (at * 7) % 251);
  const labels = Array.from({ length: count }, (_, i) => (i % 2 ? 5 : 3));
  return [
    { name: 'images.npy', data: npy(`${count}, ${side}, ${side}`, pixels) },
    { name: 'labels.npy', data: npy(`${count},`, labels) },
  ];
}

function npy(shape: string, bytes: number[]): Buffer {
  const header = Buffer.from(`{'descr': '|u1', 'fortran_order': False, 'shape': (${shape}), }\n`);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([start, header, Buffer.from(bytes)]);
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
