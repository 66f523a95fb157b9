import * as form from './generate-form.ts';
import { expect, open, reload, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 5, batchCount: 1, batchSize: 2, seed: 7100 };
const back = (page: Page) => page.getByRole('region', { name: 'The way back' });

/** Address and place of the frame called `name`. */
function strip(page: Page, name: string) {
  return back(page)
    .getByRole('img', { name })
    .locator('.strip')
    .evaluate((element: HTMLElement) => {
      const { backgroundImage, backgroundPosition } = element.style;
      return { url: /url\("(.*)"\)/.exec(backgroundImage)?.[1] ?? '', place: backgroundPosition };
    });
}

test('the way of a picture is walked, noisy beside expected', async ({ page }) => {
  await open(page, '/');
  await form.generate(page, SMALL);
  await expect(form.results(page).getByAltText('Image with seed 7101', { exact: true })).toBeVisible();
  await form.results(page).getByRole('link', { name: 'Show its way' }).click();
  await expect(page).toHaveURL(/picture=\d+/);
  const slider = back(page).getByRole('slider', { name: 'From noise to picture' });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(back(page)).toContainText('Frame 1 of 5');
  const [noisy, expected] = [await strip(page, 'x_t'), await strip(page, 'x0')];
  expect(noisy.url).not.toBe(expected.url);
  for (const { url } of [noisy, expected]) {
    expect((await page.request.get(url)).ok(), url).toBe(true);
  }
  await page.keyboard.press('End');
  await expect(back(page)).toContainText('Frame 5 of 5');
  expect((await strip(page, 'x_t')).place).not.toBe(noisy.place);

  await back(page).getByRole('link', { name: 'Image with seed 7101' }).click();
  await expect.poll(async () => (await strip(page, 'x0')).url).not.toBe(expected.url);
  const chosen = await strip(page, 'x0');
  await expect.poll(() => page.url()).toMatch(/picture=\d+/);
  await page.waitForURL((url) => chosen.url.includes(`/${url.searchParams.get('picture')}.png`));
  await reload(page);
  expect((await strip(page, 'x0')).url).toBe(chosen.url);
});
