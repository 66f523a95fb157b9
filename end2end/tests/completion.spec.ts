import { pictures, uploaded } from './dataset-pictures.ts';
import * as form from './generate-form.ts';
import { expect, open, test, type Page } from './studio.ts';
import * as train from './train-form.ts';

const prompt = (page: Page) => page.getByLabel('Prompt', { exact: true });
const classes = (page: Page) => page.getByRole('group', { name: 'Classes of the model' }).getByRole('button');

test('names of classes are completed while they are typed', async ({ page }) => {
  await open(page, '/datasets');
  await uploaded(page, 'by-light', pictures(8, 28));
  await open(page, '/train');
  await train.fillTiny(page, 'names', { Steps: '2', 'Checkpoint every': '2', 'Sample every': '2' });
  await page.getByLabel('Data set', { exact: true }).selectOption('by-light');
  await page.getByLabel('Learn its classes', { exact: true }).check();
  await train.start(page);
  await train.finished(page, 'names');

  await open(page, '/?model=names');
  await expect(classes(page)).toHaveText(['all', 'dark', 'light']);
  await prompt(page).pressSequentially('LI');
  await expect(classes(page)).toHaveText(['light']);
  await prompt(page).press('Tab');
  await expect(prompt(page)).toHaveValue('light');
  await expect(prompt(page)).toBeFocused();
  await prompt(page).pressSequentially(' AND da');
  await classes(page).getByText('dark').click();
  await expect(prompt(page)).toHaveValue('light AND dark');
  await expect(prompt(page), 'more may be typed').toBeFocused();
  await prompt(page).press('Tab');
  await expect(prompt(page), 'a whole name lets Tab go on').not.toBeFocused();
  await expect(prompt(page)).toHaveValue('light AND dark');
});

test('a class replaces a whole prompt, and follows a comma', async ({ page }) => {
  await open(page, '/');
  await form.fill(page, { model: 'digits' });
  await expect(classes(page)).toHaveCount(11);
  await classes(page).getByText('3', { exact: true }).click();
  await classes(page).getByText('7', { exact: true }).click();
  await expect(prompt(page)).toHaveValue('7');
  await prompt(page).press('End');
  await prompt(page).pressSequentially(', ');
  await classes(page).getByText('8', { exact: true }).click();
  await expect(prompt(page)).toHaveValue('7, 8');
});
