import * as form from './generate-form.ts';
import { expect, fold, open, test, type Locator, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 3, batchCount: 1, batchSize: 1, seed: 680 };

/** Asks for a drawing that is refused at `field` in `words`; nothing that was typed is lost. */
async function refused(page: Page, field: Locator, words: RegExp): Promise<void> {
  const typed = await field.inputValue();
  await form.generate(page, {});
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText(words);
  await expect(field, 'said at the field').toHaveAccessibleDescription(words);
  await expect(field).toHaveValue(typed);
  await expect(form.number(page, 'Seed')).toHaveValue('680');
}

test('a size that the network cannot halve is refused', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  const width = form.number(page, 'Width');
  await width.fill('30');
  await refused(page, width, /multiple|divisible/);
  await width.fill('5000');
  await refused(page, width, /give 0 to 1024/);
  await width.fill('32');
  expect(await form.draw(page, {})).toContain('Size: 32x28');
});

test('what is said of a field goes when it is mended, and stays at the others', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, steps: 0, batchSize: 0 });
  const [steps, size] = [form.number(page, 'Sampling steps'), form.number(page, 'Batch size')];
  await form.generate(page, {});
  await expect(steps).toHaveAccessibleDescription(/give 1 to 1000/);
  await expect(size).toHaveAttribute('aria-invalid', 'true');
  await steps.fill('3');
  await expect(steps).not.toHaveAttribute('aria-invalid');
  await expect(size).toHaveAttribute('aria-invalid', 'true');
  await size.fill('1');
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a field at fault is brought from under the bars', async ({ page }) => {
  for (const size of [{ width: 1280, height: 900 }, { width: 400, height: 800 }]) {
    await page.setViewportSize(size);
    await open(page, '/');
    await form.fill(page, SMALL);
    const width = form.number(page, 'Width');
    await width.fill('30');
    const bar = page.getByRole('button', { name: 'Generate', exact: true });
    const places = [(await bar.boundingBox())!.y + 4, 12];
    for (const place of places) {
      await width.evaluate((field, place) => {
        (document.activeElement as HTMLElement).blur();
        window.scrollBy({ top: field.getBoundingClientRect().top - place, behavior: 'instant' });
      }, place);
      await page.getByRole('form', { name: 'Generate' }).evaluate((form: HTMLFormElement) => form.requestSubmit());
      await expect(width).toBeFocused();
      const head = (await page.getByRole('banner').boundingBox())!;
      await expect(async () => {
        const [field, said] = [await width.boundingBox(), await page.locator('#width-fault').boundingBox()];
        expect(field!.y, `at ${place}`).toBeGreaterThanOrEqual(head.y + head.height);
        expect(said!.y + said!.height, `at ${place}`).toBeLessThanOrEqual((await bar.boundingBox())!.y);
      }).toPass();
    }
  }
});

test('a batch that memory has no room for is refused with one that fits', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, model: 'textures', batchSize: 256 });
  await form.number(page, 'Width').fill('1024');
  await form.number(page, 'Height').fill('1024');
  await refused(page, form.number(page, 'Batch size'), /256 pictures at once of 1024x1024 would take .* GiB .*give/);
});

test('what is no number is refused, in the address too', async ({ page }) => {
  await open(page, '/?cfg_scale=NaN&model=digits&seed=680&steps=3&batch_size=1');
  const scale = form.number(page, 'CFG scale');
  await form.generate(page, {});
  await expect(scale).toHaveAttribute('aria-invalid', 'true');
  await expect(form.number(page, 'Seed')).toHaveValue('680');
  await scale.fill('31');
  await refused(page, scale, /give 0 to 30/);
  await scale.fill('2');
  expect(await form.draw(page, {})).toMatch(/CFG scale: 2(\.0)?,/);
});

test('a sampler that there is none of is told with the nearest names', async ({ page }) => {
  await open(page, '/?sampler=DDIMM&model=digits&seed=680&steps=3&batch_size=1');
  await form.generate(page, {});
  const sampler = page.getByLabel('Sampler', { exact: true });
  await expect(sampler).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText(/there is no `DDIMM`; nearest are DDIM/);
  await expect(form.number(page, 'Seed')).toHaveValue('680');
  await form.draw(page, { sampler: 'DDIM' });
});

test('more steps than the model has are refused', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { ...SMALL, steps: 1001 });
  await refused(page, form.number(page, 'Sampling steps'), /1000 timesteps; give 1 to 1000/);
});

test('a strength out of its range opens its fold', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, SMALL);
  await fold(page, 'Extra').locator('summary').click();
  await form.number(page, 'Variation strength').fill('1.5');
  await fold(page, 'Extra').locator('summary').click();
  await form.generate(page, {});
  await expect(form.number(page, 'Variation strength')).toBeVisible();
  await refused(page, form.number(page, 'Variation strength'), /give 0 to 1/);
});
