// How much a browser loads before the page is there.

import { get } from 'node:http';
import { expect, takenOver, test } from './studio.ts';

/** What a page may weigh, packed. */
const MOST = 350 * 1024;

/** Bytes of the answer at `url` as they travel, packed with gzip. */
function packed(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { headers: { accept: 'text/html,*/*', 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (part: Buffer) => (bytes += part.length));
      answer.on('end', () => resolve(bytes));
    });
    asked.on('error', reject);
  });
}

test('the page to draw in is light', async ({ page, baseURL }) => {
  await page.goto('/');
  await takenOver(page);
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
  const code = loaded.filter((url) => /\.(wasm|css)(\?|$)/.test(url));
  expect(code.length, 'a style sheet, the base, and the part of the page').toBeGreaterThanOrEqual(3);
  const sizes = await Promise.all([`${baseURL}/`, ...code].map(packed));
  const sum = sizes.reduce((sum, bytes) => sum + bytes, 0);
  expect(sum, `${sizes.join(' + ')} bytes`).toBeLessThanOrEqual(MOST);
});
