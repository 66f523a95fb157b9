import * as form from './generate-form.ts';
import * as train from './train-form.ts';
import { emptyForm, expect, open, test } from './studio.ts';

const FOUR = { Steps: '4', 'Checkpoint every': '4', 'Sample every': '4' };

test('an autoencoder is trained, and then a model in its latents', async ({ page }) => {
  await open(page, '/train');
  await train.fillTiny(page, 'small-and-large', {
    ...FOUR,
    'Latent channels': '2',
    'Encoder channels': '8, 8',
    'Encoder mid channels': '8, 8',
    'Encoder downsample': 'true',
    'Encoder norm groups': '4',
  });
  await train.setting(page, 'Train an autoencoder').selectOption('kl');
  await train.start(page);
  await train.finished(page, 'small-and-large');

  await open(page, '/models');
  const card = page.getByRole('listitem', { name: 'small-and-large', exact: true });
  await expect(card.getByText('autoencoder', { exact: true })).toBeVisible();
  await card.getByRole('link', { name: 'Train in its latents' }).click();
  const latents = train.setting(page, 'Draws in the latents of');
  await expect(latents).toHaveValue('small-and-large');
  await train.fillTiny(page, 'in-latents', { ...FOUR, 'Draws in the latents of': 'small-and-large' });
  await train.start(page);
  await train.finished(page, 'in-latents');

  await emptyForm(page);
  await open(page, '/?model=in-latents');
  const models = page.getByLabel('Model', { exact: true });
  await expect(models).toHaveValue('in-latents');
  await expect(models.getByRole('option', { name: 'small-and-large' })).toHaveCount(0);
  await form.generate(page, { sampler: 'DDIM', steps: 2, batchCount: 1, batchSize: 1, seed: 3 });
  await expect(form.images(page)).toHaveCount(1);
});
