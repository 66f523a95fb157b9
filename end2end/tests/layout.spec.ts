import * as drawing from './generate-form.ts';
import { SCHEMES, TABS, WIDTHS, settled } from './pages.ts';
import { expect, open, test } from './studio.ts';

test('nothing is wider than a phone', async ({ page }) => {
  await page.setViewportSize({ width: 400, height: 800 });
  await open(page, '/');
  await drawing.generate(page, { model: 'digits', steps: 3, batchSize: 9, seed: 3 });
  await expect(drawing.images(page)).toHaveCount(9);
  for (const { path } of TABS) {
    await settled(page, path);
    const { inner, outer } = await page.evaluate(() => ({
      inner: document.documentElement.scrollWidth,
      outer: document.documentElement.clientWidth,
    }));
    expect(inner, `${path} scrolls sideways`).toBeLessThanOrEqual(outer);
  }
});

test('Generate stays in reach on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 400, height: 700 });
  await open(page, '/');
  const button = page.getByRole('button', { name: 'Generate', exact: true });
  await expect(button).toBeInViewport();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await expect(button).toBeInViewport();
});

test('the keyboard comes to every control, and shows where it is', async ({ page }) => {
  await open(page, '/');
  const wanted = [
    ...['model', 'sampler', 'schedule', 'eta', 'steps'],
    ...['batch-count', 'batch-size', 'seed'],
  ];
  const met = new Set<string>();
  for (let press = 0; press < 40 && !wanted.every((id) => met.has(id)); press++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const style = getComputedStyle(element);
      const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      return { id: element.id, tag: element.tagName, marked };
    });
    expect(focus.marked, `focus shows on ${focus.tag}#${focus.id}`).toBe(true);
    met.add(focus.id);
  }
  expect(wanted.filter((id) => !met.has(id))).toEqual([]);
});

for (const colorScheme of SCHEMES) {
  test(`every tab in ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const { path, name } of TABS) {
        await settled(page, path);
        await page.screenshot({ path: `test-results/screens/${name}-${width}-${colorScheme}.png` });
      }
    }
  });
}
