import * as drawing from './generate-form.ts';
import { expect, fold, hydrated, open, takenOver, test, type Page } from './studio.ts';
import * as train from './train-form.ts';

const MORE = '**/pkg/parts-*/split_more.wasm';
const SMALL = { model: 'digits', sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 2, seed: 40 };

/** Parts that the page asks for from now on. */
function partsOf(page: Page): Set<string> {
  const parts = new Set<string>();
  page.on('request', (request) => {
    const part = /\/parts-[^/]*\/split_(\w+)\.wasm/.exec(request.url());
    if (part) parts.add(part[1]!);
  });
  return parts;
}

/** Something is drawn and on show; nobody has touched the page since it was opened. */
async function drawn(page: Page): Promise<void> {
  await open(page, '/');
  await drawing.generate(page, SMALL);
  await expect(page.getByRole('link', { name: 'Download all as zip' })).toBeVisible();
  await page.goto('/?seed=-1');
  await takenOver(page);
}

test('a page whose part does not come says so, and comes when it is asked for again', async ({ page }) => {
  const part = '**/pkg/parts-*/split_train.wasm';
  await page.route(part, (route) => route.abort());
  await open(page, '/models');
  await page.getByRole('link', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This page cannot be shown');
  await page.unroute(part);
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByRole('form', { name: 'Train' })).toBeVisible();
});

test('what is typed before the page has any code is drawn', async ({ page }) => {
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  // What the server wrote and no field can show stays as it came.
  await page.goto('/?rest=default&model=digits&schedule=Caras&cfg_scale=NaN', { waitUntil: 'commit' });
  const [width, height] = [drawing.number(page, 'Width'), drawing.number(page, 'Height')];
  await width.fill('32');
  await height.fill('36');
  await drawing.fill(page, { prompt: '7', sampler: 'DDIM', steps: 3, seed: 41 });
  await page.getByLabel('Tiling').check();
  come();
  await takenOver(page);

  const sent = page.waitForRequest('**/fn/generate');
  await page.keyboard.press('Control+Enter');
  const typed = new URLSearchParams((await sent).postData() ?? '');
  for (const [field, value] of Object.entries({
    width: '32',
    height: '36',
    prompt: '7',
    sampler: 'DDIM',
    steps: '3',
    seed: '41',
    tiling: 'true',
    schedule: 'Caras',
    cfg_scale: 'NaN',
    model: 'digits',
  })) {
    expect(typed.get(field), field).toBe(value);
  }
  await expect(width).toHaveValue('32');
  await expect(height).toHaveValue('36');
});

test('what is typed into a fold before its code has come is kept and drawn', async ({ page }) => {
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route(MORE, async (route) => {
    await held;
    await route.continue();
  });
  // Not as another test left it.
  await page.goto('/?seed=-1');
  await takenOver(page);
  await page.locator('summary', { hasText: 'Extra' }).click();
  const width = page.getByLabel('Seed from width');
  await width.fill('28');
  await page.getByLabel('Seed from height').fill('24');
  await width.focus();
  const sent = page.waitForRequest('**/fn/generate');
  await page.keyboard.press('Control+Enter');
  expect((await sent).postData()).toContain('seed_resize_from_w=28&');

  come();
  await hydrated(page);
  await expect(width).toBeVisible();
  await expect(width).toHaveValue('28');
  await expect(width).toBeFocused();
  await expect(page.locator('summary', { hasText: 'seed from 28×24' })).toBeVisible();
  await expect(drawing.progress(page)).toBeHidden({ timeout: 60_000 });
});

test('a page that is only looked at loads what is in sight, and the rest when somebody is there', async ({ page }) => {
  const parts = partsOf(page);
  await page.goto('/?seed=-1');
  await takenOver(page);
  await page.evaluate(() => fetch('/healthz'));
  expect([...parts]).toEqual(['generate']);
  await page.mouse.move(9, 9);
  await expect.poll(() => [...parts]).toEqual(['generate', 'more']);
  await page.getByRole('link', { name: 'Train', exact: true }).hover();
  await expect.poll(() => [...parts]).toEqual(['generate', 'more', 'train']);
  await page.getByRole('link', { name: 'Gallery', exact: true }).focus();
  await expect.poll(() => [...parts]).toEqual(['generate', 'more', 'train', 'gallery']);
});

test('what a run has to tell comes when somebody is there, and with news of it', async ({ page, browser, baseURL }) => {
  await open(page, '/train');
  await train.fillTiny(page, 'told-later', { Steps: '4000', 'Sample every': '4000' });
  // A browser of its own, where no fold was left open.
  const context = await browser.newContext({ baseURL });
  const looked = await context.newPage();
  const parts = partsOf(looked);
  await looked.goto('/train');
  await takenOver(looked);
  await looked.evaluate(() => fetch('/healthz'));
  expect([...parts]).toEqual(['train']);

  await train.start(page);
  await train.reached(looked, 20);
  expect([...parts]).toContain('run');
  await expect(looked.getByRole('heading', { name: 'told-later' })).toBeVisible();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(looked.getByText('Stopped.', { exact: false })).toBeVisible();
  await context.close();
});

test('a run that is over is shown as the server wrote it, and is looked into when somebody is there', async ({ page, browser, baseURL }) => {
  await open(page, '/train');
  await train.fillTiny(page, 'over', { Steps: '40' });
  await train.start(page);
  await train.finished(page, 'over');
  const context = await browser.newContext({ baseURL });
  const looked = await context.newPage();
  const parts = partsOf(looked);
  await looked.goto('/train');
  await takenOver(looked);
  await expect(looked.getByTestId('train-step')).toHaveText(/40\s*\/\s*40/);
  await expect(train.curve(looked)).toBeVisible();
  expect([...parts]).toEqual(['train']);
  await train.curve(looked).hover();
  await expect(looked.locator('.readout')).toContainText(/Step\s*\d+\s*Loss\s*\d/);
  await context.close();
});

test('a preset that is picked before its code has come fills the form', async ({ page }) => {
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route('**/pkg/parts-*/split_run.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/train');
  await takenOver(page);
  await page.getByLabel('Run name', { exact: true }).fill('early');
  await page.getByLabel('Preset', { exact: true }).selectOption('reference');
  await page.locator('summary', { hasText: 'All settings' }).click();
  await train.setting(page, 'Timesteps').fill('77');
  come();
  await hydrated(page);
  await expect(page.getByLabel('Preset', { exact: true })).toHaveValue('reference');
  await expect(train.setting(page, 'Down channels')).toHaveValue('32, 64, 128, 256');
  await expect(page.getByLabel('Run name', { exact: true })).toHaveValue('early');
  await expect(train.setting(page, 'Timesteps'), 'was typed, too').toHaveValue('77');
});

test('a press is the first that the page hears, and does what it says', async ({ page }) => {
  await drawn(page);
  await page.getByRole('button', { name: 'Reuse settings' }).dispatchEvent('click');
  await expect(drawing.number(page, 'Seed')).toHaveValue('40');
  await page.goto('/?seed=-1');
  await takenOver(page);
  await drawing.images(page).first().dispatchEvent('click');
  await expect(page.getByRole('dialog', { name: 'Enlarged image' })).toBeVisible();
});

test('a press before the code has come is done when it has', async ({ page }) => {
  await drawn(page);
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route(MORE, async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  await takenOver(page);
  await page.getByRole('button', { name: 'Reuse settings' }).click();
  await expect(drawing.number(page, 'Seed')).toHaveValue('-1');
  come();
  await expect(drawing.number(page, 'Seed')).toHaveValue('40');
});

test('a press whose code does not come does what it would without', async ({ page }) => {
  await drawn(page);
  await page.route(MORE, (route) => route.abort());
  await page.reload();
  await takenOver(page);
  await page.getByRole('button', { name: 'Star', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Starred' })).toBeVisible();
});

test('pictures that are asked for elsewhere come with all that belongs to them, untouched', async ({ page, request }) => {
  await page.goto('/?seed=-1');
  await takenOver(page);
  const form = { model: 'digits', steps: '2', batch_size: '3', seed: '90' };
  await request.post('/fn/generate', { form, headers: { accept: 'application/json' } });
  await expect(drawing.images(page)).toHaveCount(3);
  await expect(page.getByTestId('parameters').first()).toContainText('Seed: 90');
});

test('an answer that comes late brings no older pictures back', async ({ page, request }) => {
  await drawn(page);
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  const asked: string[] = [];
  // What the page before this one asks for late is not held in its place.
  await page.goto('about:blank');
  await page.route('**/fn/generation*', async (route) => {
    asked.push(route.request().url());
    if (asked.length === 1) {
      await held;
    }
    await route.continue();
  });
  await page.goto('/?seed=-1');
  await takenOver(page);
  await expect.poll(() => asked.length, 'what went on before the line stood').toBeGreaterThan(0);
  const form = { model: 'digits', steps: '2', batch_size: '3', seed: '95' };
  await request.post('/fn/generate', { form, headers: { accept: 'application/json' } });
  await expect(drawing.images(page)).toHaveCount(3);
  const late = page.waitForResponse(asked[0]!);
  come();
  await (await late).finished();
  await page.evaluate(() => fetch('/healthz'));
  await expect(drawing.images(page)).toHaveCount(3);
  await expect(page.getByTestId('parameters').first()).toContainText('Seed: 95');
});

test('a fold that was left open opens untouched', async ({ page }) => {
  await open(page, '/?seed=-1');
  const extra = fold(page, 'Extra');
  const opened = () => extra.evaluate((details) => (details as HTMLDetailsElement).open);
  expect(await opened()).toBe(false);
  await extra.locator('summary').click();
  await expect.poll(() => page.evaluate(() => localStorage.length)).toBe(1);
  await page.reload();
  await expect.poll(opened).toBe(true);
});

test('a piece whose code does not come stays as the server wrote it', async ({ page }) => {
  await page.route(MORE, (route) => route.abort());
  await page.goto('/?seed=-1&walk_frames=3');
  await takenOver(page);
  await page.getByLabel('Variation seed').fill('7');
  const sent = page.waitForRequest('**/fn/generate');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  expect((await sent).postData()).toContain('subseed=7&');
});
