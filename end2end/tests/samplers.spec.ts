import * as form from './generate-form.ts';
import { expect, fold, open, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', prompt: '7', steps: 2, batchCount: 1, batchSize: 1, seed: 610 };

async function names(page: Page, label: string): Promise<string[]> {
  return page.getByLabel(label, { exact: true }).getByRole('option').allInnerTexts();
}

/** The pixels of the first picture, which is neither one shade nor broken. */
async function pixels(page: Page): Promise<Buffer> {
  const data = await form.pixels(page);
  expect(Math.max(...data) - Math.min(...data), 'shades').toBeGreaterThan(30);
  return data;
}

test('every sampler draws a picture and is told under it', async ({ page }) => {
  await open(page, '/');
  const samplers = await names(page, 'Sampler');
  expect(samplers).toEqual(expect.arrayContaining(['DDPM', 'DDIM', 'Euler a', 'DPM++ 2M', 'PLMS', 'UniPC']));
  for (const sampler of samplers) {
    const told = await form.draw(page, { ...SMALL, sampler });
    expect(told).toContain(`Sampler: ${sampler}, Schedule type: Automatic`);
    await pixels(page);
  }
});

test('every schedule type draws a picture of its own and is told under it', async ({ page }) => {
  await open(page, '/');
  const drawn = new Map<string, string>();
  for (const schedule of await names(page, 'Schedule type')) {
    await page.getByLabel('Schedule type').selectOption(schedule);
    const told = await form.draw(page, { ...SMALL, sampler: 'Euler', steps: 4 });
    expect(told).toContain(`Sampler: Euler, Schedule type: ${schedule}`);
    drawn.set(schedule, (await pixels(page)).toString('base64'));
  }
  expect(drawn.size).toBeGreaterThanOrEqual(6);
  expect(drawn.get('Automatic'), 'what Automatic is for Euler').toBe(drawn.get('Uniform'));
  expect(new Set(drawn.values()).size, 'different pictures').toBe(drawn.size - 1);
});

test('a schedule that a sampler cannot go by is told at its field', async ({ page }) => {
  await open(page, '/');
  const schedule = page.getByLabel('Schedule type');
  await schedule.selectOption('Karras');
  await form.generate(page, { ...SMALL, sampler: 'PLMS' });
  await expect(schedule).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('give Automatic, Uniform or SGM Uniform');
  await expect(schedule).toHaveValue('Karras');
  await schedule.selectOption('SGM Uniform');
  expect(await form.draw(page, {})).toContain('Sampler: PLMS, Schedule type: SGM Uniform');
});

test('Eta counts for DDIM alone', async ({ page }) => {
  await open(page, '/');
  const eta = form.number(page, 'Eta');
  const row = page.locator('.unused').filter({ has: eta });
  const drawn = async (sampler: string, share: string) => {
    await eta.fill(share);
    const told = await form.draw(page, { ...SMALL, steps: 4, sampler });
    return { told, picture: (await pixels(page)).toString('base64') };
  };
  const unused = page.getByText('Not used by Euler; DDIM has it.');
  const still = await drawn('DDIM', '0');
  await expect(row).toBeHidden();
  const stirred = await drawn('DDIM', '0.8');
  expect(still.told).not.toContain('Eta');
  expect(stirred.told).toContain('Eta DDIM: 0.8');
  expect(stirred.picture).not.toBe(still.picture);

  const plain = await drawn('Euler', '0');
  await expect(row, 'it looks as what is not used').toBeVisible();
  await expect(unused, 'none is asked for').toBeHidden();
  const same = await drawn('Euler', '0.8');
  await expect(unused).toBeVisible();
  expect(same.told).not.toContain('Eta');
  expect(same.picture).toBe(plain.picture);

  await eta.fill('1.5');
  await form.generate(page, { sampler: 'DDIM' });
  await expect(eta).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toContainText('give 0 to 1');
});

test('the noise of a DDPM step, precision and clipping change the picture', async ({ page }) => {
  await open(page, '/');
  await fold(page, 'Timesteps, clipping, precision').locator('summary').click();
  const drawn = async (label: string, choice: string) => {
    await page.getByLabel(label).selectOption(choice);
    const told = await form.draw(page, { ...SMALL, sampler: 'DDPM', steps: 4 });
    return { told, picture: (await pixels(page)).toString('base64') };
  };
  const noise = 'Noise of a DDPM step';
  const small = await drawn(noise, 'Small');
  const large = await drawn(noise, 'Large');
  expect(small.told).toContain('Variance type: Small');
  expect(large.told).toContain('Variance type: Large');
  expect(large.picture).not.toBe(small.picture);
  await expect(fold(page, 'Timesteps, clipping, precision').locator('.told')).toHaveText('large noise');

  const exact = await drawn('Precision', 'f32');
  const rounded = await drawn('Precision', 'bf16');
  expect(exact.told).not.toContain('Precision');
  expect(rounded.told).toContain('Precision: bf16');
  expect(rounded.picture).not.toBe(exact.picture);

  const clip = 'Clip predictions to pixels';
  const off = await drawn(clip, 'Off');
  const on = await drawn(clip, 'On');
  expect(off.told).toContain('Clip sample: Off');
  expect(on.told).toContain('Clip sample: On');
  expect(on.picture).not.toBe(off.picture);
});
