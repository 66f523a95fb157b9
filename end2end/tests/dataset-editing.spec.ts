import { arrays, pictures, shown, uploaded } from './dataset-pictures.ts';
import { expect, open, reload, test, type Page } from './studio.ts';
import { zip } from './zip.ts';

const box = (page: Page, name: string) => page.getByRole('checkbox', { name: new RegExp(name) });
const classes = (page: Page) => page.getByRole('navigation', { name: 'Classes' });

test('images are chosen, taken out, and brought back after a reload', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'take-out', pictures(8));
  await expect(shown(page)).toHaveCount(8);
  await box(page, 'picture-000').check();
  await box(page, 'picture-004').click({ modifiers: ['Shift'] });
  await expect(page.getByText('3 images chosen')).toBeVisible();
  await page.getByRole('button', { name: 'Take out' }).click();
  await expect(shown(page)).toHaveCount(5);
  await expect(box(page, 'picture-000')).toBeHidden();
  await expect(page.getByText('Last change: 3 images taken out.')).toBeVisible();

  await reload(page);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(shown(page)).toHaveCount(8);
  await expect(page.getByText('Last change')).toBeHidden();
});

test('a choice is taken back in part and as a whole', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'choosing', pictures(6));
  await page.getByRole('button', { name: 'All of this page' }).click();
  await expect(page.getByText('6 images chosen')).toBeVisible();
  // The dark ones come first: 000, 002, 004.
  await box(page, 'picture-000').uncheck();
  await box(page, 'picture-004').click({ modifiers: ['Shift'] });
  await expect(page.getByText('3 images chosen')).toBeVisible();
  await expect(box(page, 'picture-002')).not.toBeChecked();
  await expect(box(page, 'picture-001')).toBeChecked();
  await page.getByRole('button', { name: 'None', exact: true }).click();
  await expect(page.getByText('Choose images by a click')).toBeVisible();
  await expect(box(page, 'picture-001')).not.toBeChecked();
  await expect(page.getByRole('button', { name: 'None', exact: true })).toBeDisabled();
});

test('nothing chosen is told, and all of a page is chosen at once', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'move', pictures(4));
  await page.getByRole('button', { name: 'Take out' }).click();
  await expect(page.getByRole('alert')).toContainText('choose at least one image');
  await page.getByRole('button', { name: 'All of this page' }).click();
  await page.getByLabel('Class', { exact: true }).fill('a/b');
  await page.getByRole('button', { name: 'Move to class' }).click();
  await expect(page.getByLabel('Class', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Class', { exact: true }).fill('dusk');
  await page.getByLabel('Class', { exact: true }).press('Enter');
  await expect(classes(page).getByRole('link', { name: /^dusk/ })).toContainText('4');
  await expect(classes(page).getByRole('link', { name: /^dark/ })).toBeHidden();
});

test('a class gets another name, and one that exists is said first', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'rename', pictures(6));
  await classes(page).getByRole('link', { name: /^dark/ }).click();
  await page.getByText('Rename the class dark…').click();
  const name = page.getByLabel('New name of the class');
  await name.fill('light');
  await expect(page.getByText('There is a class light of 3 images')).toBeVisible();
  await name.fill('night');
  await expect(page.getByText('There is a class')).toBeHidden();
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await expect(page).toHaveURL(/class=night/);
  await expect(shown(page)).toHaveCount(3);
  await expect(page.getByText('class dark made night')).toBeVisible();
});

test('changes are laid over arrays and taken back together', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'arrays', arrays(6));
  await classes(page).getByRole('link', { name: /^3/ }).click();
  await page.getByText('Rename the class 3…').click();
  await page.getByLabel('New name of the class').fill('three');
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await expect(page).toHaveURL(/class=three/);
  await box(page, '^0$').check();
  await page.getByLabel('Class', { exact: true }).fill('nought');
  await page.getByRole('button', { name: 'Move to class' }).click();
  await expect(classes(page).getByRole('link', { name: /^nought/ })).toContainText('1');
  await reload(page);
  await expect(classes(page).getByRole('link', { name: /^three/ })).toContainText('2');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(classes(page).getByRole('link', { name: /^nought/ })).toBeHidden();
  await page.getByRole('button', { name: 'Take all changes back' }).click();
  await expect(classes(page).getByRole('link', { name: /^3/ })).toContainText('3');
  await expect(page.getByRole('button', { name: 'Take all changes back' })).toBeHidden();
});

test('statistics find what is there twice, and it is removed', async ({ page }) => {
  const [first, ...others] = pictures(5);
  if (!first) throw new Error('there is no picture');
  await open(page, '/datasets');
  await uploaded(page, 'twins', [first, ...others, { ...first, name: 'light/twin.png' }]);
  const statistics = page.getByRole('region', { name: 'Statistics' });
  await statistics.getByRole('link', { name: 'Look at the pixels' }).click();
  await expect(statistics.getByText(/Gray/)).toBeVisible();
  await expect(statistics.getByRole('list', { name: 'Sizes' })).toContainText('12×12');
  await expect(statistics).toContainText('1 image the same as another');
  await statistics.getByRole('button', { name: 'Remove duplicates' }).click();
  await expect(shown(page)).toHaveCount(5);
  await expect(statistics).toContainText('No image is there twice');
  await expect(statistics.getByRole('button', { name: 'Remove duplicates' })).toBeHidden();
});

test('a built-in data set says why it stays as it is', async ({ page }) => {
  await open(page, '/datasets?name=digits');
  await expect(page.getByText('Built in: Darkroom draws its images')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Take out' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Remove duplicates' })).toBeHidden();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('images are taken out and brought back', async ({ page }) => {
    await page.goto('/datasets');
    await uploaded(page, 'plain', pictures(4));
    await box(page, 'picture-000').check();
    await box(page, 'picture-001').check();
    await page.getByRole('button', { name: 'Take out' }).click();
    await expect(shown(page)).toHaveCount(2);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(shown(page)).toHaveCount(4);
    await page.getByRole('button', { name: 'Move to class' }).click();
    await expect(page.getByRole('alert').first()).toBeVisible();
  });

  test('a class is renamed, twins are removed, and the set too', async ({ page }) => {
    const [first, ...others] = pictures(5);
    if (!first) throw new Error('there is no picture');
    await page.goto('/datasets');
    await uploaded(page, 'plain-twins', [first, ...others, { ...first, name: 'light/twin.png' }]);
    await classes(page).getByRole('link', { name: /^dark/ }).click();
    await page.getByText('Rename the class dark…').click();
    await page.getByLabel('New name of the class').fill('night');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await classes(page).getByRole('link', { name: /^night/ }).click();
    await expect(shown(page)).toHaveCount(3);
    await classes(page).getByRole('link', { name: /^All/ }).click();
    await expect(shown(page)).toHaveCount(6);
    const statistics = page.getByRole('region', { name: 'Statistics' });
    await statistics.getByRole('link', { name: 'Look at the pixels' }).click();
    await statistics.getByRole('button', { name: 'Remove duplicates' }).click();
    await expect(shown(page)).toHaveCount(5);
    await page.getByText('Remove…').click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByRole('link', { name: 'digits', exact: true })).toBeVisible();
    await expect(page.getByRole('link', { name: 'plain-twins', exact: true })).toBeHidden();
  });

  test('images are added, and a class that will not do is told', async ({ page }) => {
    const more = { name: 'more.zip', mimeType: 'application/zip', buffer: zip(pictures(2)) };
    await page.goto('/datasets');
    await uploaded(page, 'plain-more', pictures(4));
    const add = async (name: string) => {
      await page.getByText('Add images…').click();
      const form = page.getByRole('form', { name: 'Add images' });
      await form.getByLabel('Images or an archive').setInputFiles(more);
      await form.getByLabel('Class of the new images').fill(name);
      await form.getByRole('button', { name: 'Add' }).click();
    };
    await add('a/b');
    await expect(page.getByRole('alert')).toContainText('letters');
    await page.goto('/datasets?name=plain-more');
    await add('');
    await expect(shown(page)).toHaveCount(6);
  });

  test('changes laid over arrays are taken back together', async ({ page }) => {
    await page.goto('/datasets');
    await uploaded(page, 'plain-arrays', arrays(6));
    await box(page, '^0$').check();
    await page.getByRole('button', { name: 'Take out' }).click();
    await expect(shown(page)).toHaveCount(5);
    await page.getByRole('button', { name: 'Take all changes back' }).click();
    await expect(shown(page)).toHaveCount(6);
  });
});
