// How much a browser loads before the page is there.

import { get } from 'node:http';
import * as drawing from './generate-form.ts';
import { TABS } from './pages.ts';
import { Server } from './server.ts';
import { expect, open, takenOver, test, type Page } from './studio.ts';
import * as train from './train-form.ts';

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

/** What a browser loads of `path` before it is there: the page itself, its styles and its code. */
async function weight(page: Page, url: string): Promise<{ sum: number; told: string }> {
  await page.goto(url);
  await takenOver(page);
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
  const code = loaded.filter((name) => /\.(wasm|css)(\?|$)/.test(name));
  expect(code.length, 'a style sheet, the base, and the part of the page').toBeGreaterThanOrEqual(3);
  const sizes = await Promise.all([url, ...code].map(packed));
  const sum = sizes.reduce((sum, bytes) => sum + bytes, 0);
  return { sum, told: `${new URL(url).pathname}: ${sum} bytes, ${sizes.join(' + ')}` };
}

test('every tab is light when it is opened first', async ({ page, browser }) => {
  const server = new Server();
  try {
    await server.start();
    await open(page, `${server.url}/train`);
    await train.fillTiny(page, 'light', { Steps: '4' });
    await train.start(page);
    await train.finished(page, 'light');
    await open(page, `${server.url}/`);
    await drawing.draw(page, { model: 'digits', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 2, seed: 1 });
    for (const { path } of TABS) {
      // Nobody has moved a pointer over this one.
      const looked = await browser.newPage();
      const { sum, told } = await weight(looked, `${server.url}${path}`);
      expect.soft(sum, told).toBeLessThanOrEqual(MOST);
      await looked.close();
    }
  } finally {
    await server.discard();
  }
});
