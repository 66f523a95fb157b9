// What one element says of another by its id.

import { TABS, settled } from './pages.ts';
import * as drawing from './generate-form.ts';
import { expect, open, test, type Page } from './studio.ts';

/** Attributes that name other elements, and what they name of what is not there. */
async function lost(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const attributes = ['aria-describedby', 'aria-labelledby', 'aria-controls', 'aria-owns', 'for', 'form', 'list'];
    const found = attributes.flatMap((name) => [...document.querySelectorAll(`[${name}]`)].map((it) => ({ name, it })));
    return found.flatMap(({ name, it }) =>
      (it.getAttribute(name) ?? '')
        .split(/\s+/)
        .filter((id) => !id || !document.getElementById(id))
        .map((id) => `${it.tagName.toLowerCase()}#${it.id} ${name}="${id}"`),
    );
  });
}

test('what an element names is on its page, on every tab', async ({ page }) => {
  await open(page, '/');
  await drawing.draw(page, { model: 'digits', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 2, seed: 7 });
  for (const { path } of TABS) {
    await settled(page, path);
    expect(await lost(page), path).toEqual([]);
  }
});

test('a field at fault is described by its help and by what is wrong', async ({ page }) => {
  await open(page, '/');
  const seed = drawing.number(page, 'Seed');
  await expect(seed).toHaveAccessibleDescription('Image n has seed + n. -1 draws one.');
  await drawing.generate(page, { model: 'digits', seed: -7 });
  await expect(seed).toHaveAccessibleDescription(/-7.*Image n has seed/);
  expect(await lost(page)).toEqual([]);
});
