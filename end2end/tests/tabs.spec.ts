import { expect, open, type Page, test } from './studio.ts';
import * as form from './train-form.ts';

/** Tells the page that its tab is seen, or that another one is. */
async function turn(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
}

test('more tabs than a browser has connections all work', async ({ page, context }) => {
  let last = page;
  await open(last, '/train');
  for (let more = 0; more < 7; more++) {
    await turn(last, true);
    last = await context.newPage();
    await open(last, '/train');
  }
  await form.fillTiny(last, 'many', { Steps: '40' });
  await form.start(last);
  await form.finished(last, 'many');
  // A tab that is seen again has heard of what went on meanwhile.
  await turn(last, true);
  await turn(page, false);
  await expect(page.getByRole('region', { name: 'Runs' }).getByText('many')).toBeVisible();
});

test('a hidden tab tells in its title how far its run is', async ({ page }) => {
  await open(page, '/train');
  await form.fillTiny(page, 'watched', { Steps: '100000', 'Sample every': '100000' });
  await form.start(page);
  await form.reached(page, 5);
  await page.waitForURL(/job=\d+/);
  await turn(page, true);
  await page.request.post('/fn/interrupt', {
    form: { job: new URL(page.url()).searchParams.get('job') ?? '' },
    headers: { Accept: 'application/json' },
  });
  await expect(page).toHaveTitle('Train · Darkroom');
});
