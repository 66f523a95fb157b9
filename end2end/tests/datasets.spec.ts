import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictures, shown, upload } from './dataset-pictures.ts';
import { handOver } from './handing-over.ts';
import { clearPng } from './png.ts';
import { expect, open, test, type Page } from './studio.ts';
import { zip } from './zip.ts';

/** Red, green and blue of the corner of the first picture on show. */
function corner(page: Page): Promise<number[]> {
  return shown(page)
    .first()
    .evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      const context = document.createElement('canvas').getContext('2d')!;
      context.drawImage(image, 0, 0);
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    });
}

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
  await page.getByRole('link', { name: 'Earlier' }).click();
  await expect(shown(page)).toHaveCount(60);
  await classes.getByRole('link', { name: /^light/ }).click();
  await expect(shown(page)).toHaveCount(35);
  await classes.getByRole('link', { name: /^All/ }).click();
  await expect(shown(page)).toHaveCount(60);

  await page.getByRole('link', { name: 'Train on this' }).click();
  await expect(page.getByLabel('Data set', { exact: true })).toHaveValue('shades');
});

test('an archive is dropped, gives its name, and one gets back to all sets', async ({ page }) => {
  await open(page, '/datasets');
  const form = page.getByRole('form', { name: 'Upload' });
  const file = { name: 'dropped set.zip', type: 'application/zip' };
  await handOver(form.locator('.drop'), 'drop', zip(pictures(4)), file);
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('dropped-set');
  await form.getByRole('button', { name: 'Upload' }).click();
  await expect(shown(page)).toHaveCount(4);
  await page.getByRole('link', { name: 'All data sets' }).click();
  await expect(page.getByRole('link', { name: 'dropped-set', exact: true })).toBeVisible();
  await expect(form).toBeVisible();
});

test('images are picked one by one, and more are added to them', async ({ page }) => {
  const files = pictures(5).map(({ name, data }) => ({
    name: name.replace('/', '-'),
    mimeType: 'image/png',
    buffer: data,
  }));
  await open(page, '/datasets');
  const uploading = page.getByRole('form', { name: 'Upload' });
  await uploading.getByLabel('Images or an archive').setInputFiles(files.slice(0, 3));
  await uploading.getByLabel('Name', { exact: true }).fill('loose');
  await uploading.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('heading', { name: 'loose', exact: true })).toBeVisible();
  await expect(shown(page)).toHaveCount(3);

  await page.getByText('Add images…').click();
  const adding = page.getByRole('form', { name: 'Add images' });
  await adding.getByLabel('Images or an archive').setInputFiles(files.slice(3));
  await adding.getByLabel('Class of the new images').fill('a/b');
  await adding.getByRole('button', { name: 'Add' }).click();
  await expect(adding.getByLabel('Class of the new images')).toHaveAttribute('aria-invalid', 'true');
  await adding.getByLabel('Class of the new images').fill('late');
  await adding.getByRole('button', { name: 'Add' }).click();
  await expect(shown(page)).toHaveCount(5);
  await expect(page.getByText('Last change: 2 images added.')).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Classes' }).getByRole('link', { name: /^late/ })).toContainText('2');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(shown(page)).toHaveCount(3);

  const edit = page.locator('details.edit').filter({ hasText: 'Add images…' });
  await edit.evaluate((details: HTMLDetailsElement) => (details.open = true));
  const file = { name: 'dropped.png', type: 'image/png' };
  await handOver(adding.locator('.drop'), 'drop', files[3]!.buffer, file);
  await adding.getByRole('button', { name: 'Add' }).click();
  await expect(shown(page)).toHaveCount(4);
});

test('what is transparent gets the colour that is chosen', async ({ page, server }) => {
  const clear = clearPng(8);
  const folder = join(server.folder, 'clear');
  mkdirSync(folder);
  writeFileSync(join(folder, 'clear.png'), clear);
  await open(page, '/datasets');
  const uploading = page.getByRole('form', { name: 'Upload' });
  await uploading.getByLabel('Background').fill('#ff0000');
  await upload(page, 'red-behind', 'clear.zip', zip([{ name: 'clear.png', data: clear }]));
  await expect(shown(page)).toHaveCount(1);
  expect(await corner(page)).toEqual([255, 0, 0]);

  await open(page, '/datasets');
  const adding = page.getByRole('form', { name: 'Add a folder on this machine' });
  await adding.getByLabel('Background').fill('#00ff00');
  await adding.getByLabel('Name', { exact: true }).fill('green-behind');
  await adding.getByLabel('Path').fill(folder);
  await adding.getByRole('button', { name: 'Add' }).click();
  await expect(shown(page)).toHaveCount(1);
  expect(await corner(page)).toEqual([0, 255, 0]);
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
