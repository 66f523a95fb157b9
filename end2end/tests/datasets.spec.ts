import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictures, shown, upload } from './dataset-pictures.ts';
import { expect, open, test } from './studio.ts';
import { zip } from './zip.ts';

test('the data sets of the program are shown by their images', async ({ page }) => {
  await open(page, '/datasets');
  await page.getByRole('link', { name: 'digits', exact: true }).click();
  await expect(shown(page)).toHaveCount(60);
  await expect(shown(page).first()).toHaveJSProperty('naturalWidth', 28);
  await expect(page.getByRole('navigation', { name: 'Classes' }).getByRole('link')).toHaveCount(11);
  await page.getByRole('navigation', { name: 'Classes' }).getByRole('link', { name: /^7/ }).click();
  await expect(shown(page).first()).toHaveAttribute('alt', /^7/);
  await expect(page).toHaveURL(/class=7/);
});

test('a zip is uploaded, looked at, and picked for training', async ({ page }) => {
  // The torn one comes last in the order of names, so that the first page is full.
  const entries = [...pictures(70), { name: 'light/torn.png', data: Buffer.from('not a picture') }];
  await open(page, '/datasets');
  await upload(page, 'shades', 'shades.zip', zip(entries));
  await expect(page.getByRole('heading', { name: 'shades' })).toBeVisible();
  await expect(shown(page)).toHaveCount(60);
  await expect(page.getByRole('region', { name: 'Skipped files' })).toContainText('torn.png');
  const classes = page.getByRole('navigation', { name: 'Classes' });
  await expect(classes.getByRole('link', { name: /^dark/ })).toContainText('35');

  await page.getByRole('link', { name: 'Later' }).click();
  await expect(shown(page)).toHaveCount(10);
  await expect(page.getByRole('link', { name: 'Earlier' })).toBeVisible();
  await classes.getByRole('link', { name: /^light/ }).click();
  await expect(shown(page)).toHaveCount(35);

  await page.getByRole('link', { name: 'Train on this' }).click();
  await expect(page.getByLabel('Data set', { exact: true })).toHaveValue('shades');
});

test('a bad zip is refused in words and the form stays', async ({ page }) => {
  await open(page, '/datasets');
  await upload(page, 'rubbish', 'rubbish.zip', Buffer.from('PK this is no archive'));
  const form = page.getByRole('form', { name: 'Upload' });
  await expect(form.getByRole('alert')).toContainText(/archive|zip/i);
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('rubbish');
  await open(page, '/datasets');
  await expect(page.getByRole('link', { name: 'rubbish', exact: true })).toBeHidden();
});

test('a zip without images is refused in words', async ({ page }) => {
  await open(page, '/datasets');
  const letters = zip([{ name: 'letter.txt', data: Buffer.from('Dear reader') }]);
  await upload(page, 'letters', 'letters.zip', letters);
  await expect(page.getByRole('form', { name: 'Upload' }).getByRole('alert')).toContainText(/image/i);
});

test('a name that is taken is told at its field', async ({ page }) => {
  await open(page, '/datasets');
  await upload(page, 'digits', 'digits.zip', zip(pictures(2)));
  const form = page.getByRole('form', { name: 'Upload' });
  await expect(form.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(form.getByRole('alert')).toContainText('digits');
});

test('a folder of this machine is added and removed', async ({ page, server }) => {
  const folder = join(server.folder, 'pictures-of-mine');
  mkdirSync(folder);
  for (const { name, data } of pictures(4)) writeFileSync(join(folder, name.replace('/', '-')), data);
  await open(page, '/datasets');
  const form = page.getByRole('form', { name: 'Add a folder on this machine' });
  await form.getByLabel('Name', { exact: true }).fill('mine');
  await form.getByLabel('Path').fill(join(server.folder, 'nowhere'));
  await form.getByRole('button', { name: 'Add' }).click();
  await expect(form.getByRole('alert')).toContainText('nowhere');
  await form.getByLabel('Path').fill(folder);
  await form.getByRole('button', { name: 'Add' }).click();
  await expect(shown(page)).toHaveCount(4);

  await page.getByText('Remove…').click();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByRole('link', { name: 'digits', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'mine', exact: true })).toBeHidden();
});
