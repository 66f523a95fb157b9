import { readFileSync } from 'node:fs';
import * as drawing from './generate-form.ts';
import type { Server } from './server.ts';
import { expect, open, reload, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 6, seed: 500 };
/** Seeds from 1399, the newest, down to 1000. */
const MANY = { model: 'digits', sampler: 'DDIM', steps: 2, batch_count: 2, batch_size: 200, seed: 1000 };

const tiles = (page: Page) => page.locator('.tile');
const picture = (page: Page, seed: number) =>
  page.locator('.tile').getByAltText(`Image with seed ${seed}`, { exact: true });
const oldest = (page: Page) => page.locator('.tile').getByAltText(/^Image with seed (500|1000)$/).last();
const chosen = (page: Page) => page.getByText(/^\d+ selected$/);
const found = (page: Page) => page.getByText(/^[\d,]+ pictures?( found)?$/);

/** The answer of a server function. */
async function ask(server: Server, path: string, form: Record<string, unknown>) {
  const answer = await fetch(`${server.url}/fn/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: Object.entries(form).map(([key, value]) => `${key}=${value}`).join('&'),
  });
  return answer.json();
}

async function total(server: Server): Promise<number> {
  return (await ask(server, 'gallery', { 'query[limit]': 1 })).total;
}

/** Fills the gallery of a server that has none; other tests leave it as they found it. */
async function full(server: Server): Promise<void> {
  if ((await total(server)) >= 400) return;
  await ask(server, 'generate', MANY);
  await expect.poll(() => total(server), { timeout: 60_000 }).toBeGreaterThanOrEqual(400);
}

test('before anything is drawn the gallery says so', async ({ page }) => {
  await open(page, '/gallery');
  await expect(page.getByRole('heading', { name: 'Nothing drawn yet' })).toBeVisible();
});

test('what was drawn is there, newest first, and comes by itself', async ({ page, context }) => {
  await open(page, '/gallery');
  const other = await context.newPage();
  await open(other, '/');
  await drawing.generate(other, SMALL);
  await expect(tiles(page)).toHaveCount(6);
  await expect(tiles(page).first().getByRole('img')).toHaveAttribute('alt', 'Image with seed 505');
});

test.describe('a full gallery', () => {
  test.beforeAll(({ server }) => full(server));

  test('only what is near the screen is in the page, however many there are', async ({ page }) => {
    await open(page, '/gallery');
    await expect(found(page)).toHaveText(/^40\d pictures$/);
    await expect.poll(() => tiles(page).count()).toBeLessThan(250);
    const height = () => page.locator('.wall').evaluate((wall) => wall.clientHeight);
    const before = await height();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await expect(oldest(page)).toBeInViewport();
    expect(await height(), 'scrolling does not change how long the page is').toBe(before);
    await expect(picture(page, 1399)).toBeHidden();
  });

  test('a reload comes back to the same pictures', async ({ page }) => {
    await open(page, '/gallery');
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForURL(/offset=\d\d+/);
    await reload(page);
    await expect(oldest(page)).toBeInViewport();
  });

  test('the search stands in the address', async ({ page }) => {
    await open(page, '/gallery');
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('1103');
    await expect(found(page)).toHaveText('1 picture found');
    await expect(picture(page, 1103)).toBeVisible();
    await page.waitForURL(/seed=1103/);
    await reload(page);
    await expect(tiles(page)).toHaveCount(1);
    await page.getByRole('searchbox', { name: 'Search' }).fill('no such words');
    await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeVisible();
    await page.getByRole('link', { name: 'Show all pictures' }).click();
    await expect(found(page)).toHaveText(/^40\d pictures$/);
  });

  test('a seed that is none is told at its field, and the pictures stay', async ({ page }) => {
    await open(page, '/gallery');
    const seed = page.getByRole('spinbutton', { name: 'Seed' });
    await seed.fill('-4');
    await expect(seed).toHaveAttribute('aria-invalid', 'true');
    await expect(found(page)).toHaveText(/^40\d pictures$/);
    await open(page, '/gallery?seed=-4');
    await expect(page.getByRole('option', { name: 'digits' })).toBeAttached();
  });

  test('arrows go from picture to picture and Enter enlarges', async ({ page }) => {
    await open(page, '/gallery');
    await picture(page, 1399).click();
    const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
    await expect(dialog).toContainText('Seed 1399');
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText('Seed 1397');
    await page.keyboard.press('ArrowLeft');
    await expect(dialog).toContainText('Seed 1398');
    await page.keyboard.press('Escape');
    await page.keyboard.press('End');
    await expect(oldest(page)).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText(/Seed (500|1000)/);
  });

  test('a picture enlarged before the browser tells that the last one was closed stays', async ({ page }) => {
    await open(page, '/gallery');
    await picture(page, 1399).click();
    const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
    await expect(dialog).toContainText('Seed 1399');
    await page.evaluate(() => {
      const hold = (event: Event) => event.stopImmediatePropagation();
      addEventListener('close', hold, { capture: true, once: true });
    });
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText('Seed 1398');
    await dialog.dispatchEvent('close');
    await expect(dialog).toContainText('Seed 1398');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });

  test('a picture is starred and found by its star', async ({ page }) => {
    await open(page, '/gallery');
    await picture(page, 1395).hover();
    await page.getByRole('button', { name: 'Star image with seed 1395' }).click();
    await page.getByLabel('Starred').check();
    await expect(found(page)).toHaveText('1 picture found');
    await reload(page);
    await expect(picture(page, 1395)).toBeVisible();
  });

  test('pictures are selected, downloaded, deleted and brought back', async ({ page }) => {
    await open(page, '/gallery?text=Size%3A%2028x28&from=2000-01-01');
    await picture(page, 1399).click({ modifiers: ['Control'] });
    await picture(page, 1395).click({ modifiers: ['Shift'] });
    await expect(chosen(page)).toHaveText('5 selected');
    await picture(page, 1396).click();
    await expect(chosen(page), 'a click takes one out').toHaveText('4 selected');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download as zip' }).click();
    const zip = readFileSync(await (await download).path());
    expect(zip.toString('latin1').split('PK\u0001\u0002').length - 1, 'entries').toBe(4);

    await page.getByRole('button', { name: 'Delete' }).click();
    await expect(found(page)).toHaveText(/^(396|402) pictures found$/);
    await expect(picture(page, 1399)).toBeHidden();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(found(page)).toHaveText(/^40[06] pictures found$/);
    await expect(picture(page, 1399)).toBeVisible();
  });

  test('what was deleted comes back after the tab was left and the page reloaded', async ({ page }) => {
    await open(page, '/gallery?seed=1150');
    await picture(page, 1150).click({ modifiers: ['Control'] });
    await page.getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByText('1 picture deleted just now.')).toBeVisible();
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('link', { name: 'Gallery', exact: true }).click();
    await reload(page);
    await expect(page.getByText(/^1 picture deleted/)).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText(/^1 picture deleted/)).toBeHidden();
    await open(page, '/gallery?seed=1150');
    await expect(picture(page, 1150)).toBeVisible();
  });

  test('who deletes and undoes by the keyboard goes on from there', async ({ page }) => {
    await open(page, '/gallery?seed=1160');
    const focused = page.locator('.tile .picture:focus');
    await picture(page, 1160).click();
    await page.keyboard.press('Escape');
    await expect(focused).toHaveCount(1);
    await page.keyboard.press('Delete');
    await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(focused.getByAltText('Image with seed 1160', { exact: true })).toBeVisible();

    await open(page, '/gallery?text=Size%3A%2028x28');
    await picture(page, 1398).click({ modifiers: ['Control'] });
    await page.getByRole('button', { name: 'Delete' }).press('Enter');
    await expect(focused.getByAltText('Image with seed 1397', { exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).press('Enter');
    await expect(focused.getByAltText('Image with seed 1398', { exact: true })).toBeVisible();
    await page.keyboard.press('ArrowLeft');
    await expect(focused.getByAltText('Image with seed 1399', { exact: true })).toBeVisible();
  });

  test('a day that is half typed, or after the last, is told at its field', async ({ page }) => {
    await open(page, '/gallery');
    const [from, to] = [page.getByLabel('From', { exact: true }), page.getByLabel('To', { exact: true })];
    const text = page.getByRole('searchbox', { name: 'Search' });
    await from.focus();
    await page.keyboard.type('11');
    await text.fill('28x28');
    await expect(from).toHaveAccessibleDescription(/this date is not whole/);
    await expect(found(page)).toHaveText(/^40\d pictures found$/);
    await expect(from, 'and stays told').toHaveAccessibleDescription(/this date is not whole/);
    await from.fill('2026-11-25');
    await expect(from).not.toHaveAttribute('aria-invalid');
    await to.fill('2026-11-24');
    await expect(from).toHaveAccessibleDescription(/2026-11-25 is later than To, 2026-11-24/);
    await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeHidden();
  });

  test('one of those deleted comes back, and the rest goes for good when that is confirmed', async ({
    page,
    server,
  }) => {
    const before = await total(server);
    await ask(server, 'generate', { ...MANY, batch_count: 1, batch_size: 2, seed: 700 });
    await expect.poll(() => total(server)).toBe(before + 2);
    for (const seed of [700, 701]) {
      await open(page, `/gallery?seed=${seed}`);
      await picture(page, seed).click({ modifiers: ['Control'] });
      await page.getByRole('button', { name: 'Delete' }).click();
      await expect(page.getByText('1 picture deleted just now.')).toBeVisible();
    }
    await page.getByRole('link', { name: 'Recently deleted' }).click();
    const deleted = page.getByAltText(/^Deleted image with seed/);
    await expect(deleted).toHaveCount(2);
    await page.getByRole('button', { name: 'Restore image with seed 700' }).click();
    await expect(deleted).toHaveCount(1);
    await page.getByText('Delete all for good…').click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await expect(page.getByRole('heading', { name: 'Nothing was deleted' })).toBeVisible();
    expect(await total(server)).toBe(before + 1);

    await open(page, '/gallery?seed=700');
    await picture(page, 700).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => total(server)).toBe(before);
    await ask(server, 'purge_deletions', { until: Date.now() });
  });

  test('all that is found is selected, also what is not in the page', async ({ page }) => {
    await open(page, '/gallery');
    await page.getByRole('button', { name: 'Select all' }).click();
    await expect(chosen(page)).toHaveText(/^40\d selected$/);
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(chosen(page)).toBeHidden();
  });

  test('the settings of a picture fill the form', async ({ page }) => {
    await open(page, '/gallery?seed=1103');
    await picture(page, 1103).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reuse settings' }).click();
    await expect(drawing.number(page, 'Seed')).toHaveValue('1103');
    await expect(drawing.number(page, 'Sampling steps')).toHaveValue('2');
    await expect(drawing.number(page, 'Batch size'), 'of one picture').toHaveValue('1');
  });

  test('a picture goes on to PNG Info and to img2img', async ({ page }) => {
    await open(page, '/gallery?seed=1103');
    await picture(page, 1103).click();
    const dialog = page.getByRole('dialog', { name: 'Enlarged image' });
    await dialog.getByRole('button', { name: 'Send to PNG Info' }).click();
    await expect(page.getByRole('row', { name: /Seed/ })).toContainText('1103');
    await page.getByRole('link', { name: 'Send to img2img' }).click();
    await expect(page.getByAltText('Picture to begin from')).toBeVisible();
  });

  test.describe('on a phone', () => {
    test.use({ viewport: { width: 400, height: 800 }, hasTouch: true });

    test('a finger that rests on a picture selects it', async ({ page }) => {
      await open(page, '/gallery');
      const touch = { pointerType: 'touch', bubbles: true };
      await picture(page, 1399).dispatchEvent('pointerdown', touch);
      await expect(chosen(page)).toHaveText('1 selected');
      await picture(page, 1399).dispatchEvent('pointerup', touch);
      await picture(page, 1399).dispatchEvent('click');
      await expect(chosen(page), 'lifting it changes nothing').toHaveText('1 selected');
      await picture(page, 1398).tap();
      await expect(chosen(page)).toHaveText('2 selected');
    });
  });

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('the gallery is searched, leafed through and starred', async ({ page }) => {
      await page.goto('/gallery');
      await expect(picture(page, 1399)).toBeVisible();
      await page.getByRole('link', { name: 'Older' }).click();
      await expect(picture(page, 1279)).toBeVisible();
      await page.getByRole('spinbutton', { name: 'Seed' }).fill('1102');
      await page.getByRole('button', { name: 'Search' }).click();
      await expect(tiles(page)).toHaveCount(1);
      await picture(page, 1102).hover();
      await page.getByRole('button', { name: 'Star image with seed 1102' }).click();
      const starred = page.getByRole('button', { name: 'Star image with seed 1102', pressed: true });
      await expect(starred).toBeAttached();
    });

    test('what was deleted comes back', async ({ page, server }) => {
      await page.goto('/gallery?seed=1170');
      const address = await page.locator('.tile .picture').getAttribute('href');
      const images = /\d+/.exec(address!)![0];
      await ask(server, 'delete_images', { images });
      await page.goto('/gallery?seed=1170');
      await expect(tiles(page)).toHaveCount(0);
      await page.getByRole('button', { name: 'Undo' }).click();
      await expect(picture(page, 1170)).toBeVisible();
      await ask(server, 'delete_images', { images });
      await page.goto('/deleted');
      await page.getByRole('button', { name: 'Restore image with seed 1170' }).click();
      await expect(page.getByRole('heading', { name: 'Nothing was deleted' })).toBeVisible();
    });
  });
});

test('pictures are found by their model and by their day', async ({ page }) => {
  await open(page, '/');
  await drawing.draw(page, { ...SMALL, model: 'textures', batchSize: 1, seed: 7700 });
  await open(page, '/gallery');
  const all = await found(page).innerText();
  const model = page.getByRole('search').getByLabel('Model', { exact: true });
  await model.selectOption('textures');
  await expect(picture(page, 7700)).toBeVisible();
  await expect(found(page)).toHaveText('1 picture found');
  await page.waitForURL(/model=textures/);
  await reload(page);
  await expect(model).toHaveValue('textures');
  await expect(tiles(page)).toHaveCount(1);

  const [from, to] = [page.getByLabel('From', { exact: true }), page.getByLabel('To', { exact: true })];
  const today = await page.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10));
  await from.fill(today);
  await to.fill(today);
  await expect(found(page)).toHaveText('1 picture found');
  await to.fill('');
  await from.fill('2999-01-01');
  await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeVisible();
  await from.fill('');
  await to.fill('2000-01-01');
  await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeVisible();
  await to.fill('');
  await model.selectOption('All models');
  await expect(found(page)).toHaveText(all);
});
