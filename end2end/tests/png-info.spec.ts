import * as drawing from './generate-form.ts';
import { handOver } from './handing-over.ts';
import { grayPng, withText } from './png.ts';
import { draftKept, expect, open, reload, test, type Page } from './studio.ts';

const SMALL = { model: 'digits', sampler: 'DDIM', steps: 4, batchCount: 1, batchSize: 1, seed: 31 };
const plain = { name: 'plain.png', mimeType: 'image/png', buffer: grayPng(12, (x, y) => x * y) };
const sheet = (page: Page) => page.getByRole('region', { name: 'What stands in it' });

/** A picture of Darkroom's own, with its settings inside. */
async function ours(page: Page): Promise<Buffer> {
  await open(page, '/');
  await drawing.generate(page, SMALL);
  const image = page.getByAltText('Image with seed 31', { exact: true });
  return (await page.request.get((await image.getAttribute('src')) ?? '')).body();
}

test('a picture tells how it was made and fills the form', async ({ page }) => {
  const buffer = await ours(page);
  await open(page, '/png-info');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await expect(sheet(page)).toContainText('Darkroom');
  const row = page.getByRole('row', { name: /Seed/ });
  await expect(row).toContainText('31');
  await page.waitForURL(/image=[0-9a-f]{32}/);
  await reload(page);
  await expect(row).toContainText('31');
  await page.getByRole('link', { name: 'Send to Generate' }).click();
  await expect(drawing.number(page, 'Seed')).toHaveValue('31');
  await expect(drawing.number(page, 'Sampling steps')).toHaveValue('4');
  await expect(page.getByLabel('Sampler', { exact: true })).toHaveValue('DDIM');
});

test('a picture is dropped and pasted', async ({ page }) => {
  await open(page, '/png-info');
  const zone = page.locator('.drop');
  await handOver(zone, 'drop', grayPng(12, (x) => x));
  await expect(sheet(page)).toContainText('12×12 pixels');
  await handOver(zone, 'paste', grayPng(14, (x) => x));
  await expect(sheet(page)).toContainText('14×14 pixels');
  await expect(sheet(page)).toContainText('There are no settings in this picture');
});

test('the settings are copied as text', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const buffer = await ours(page);
  await open(page, '/png-info');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('Steps: 4');
});

/** What other programs write: the text, where it stands, and what of it fills the form. */
const A1111 = `a cat, best
Negative prompt: a dog
Steps: 17, Sampler: Euler a, Schedule type: Karras, CFG scale: 6.5, Seed: 42, Size: 512x384, Model hash: 0123456789, Model: sd, Version: v1.10.1`;
const COMFYUI = JSON.stringify({
  '3': {
    class_type: 'KSampler',
    inputs: {
      seed: 42, steps: 17, cfg: 6.5, sampler_name: 'euler_ancestral', scheduler: 'karras', denoise: 1,
      model: ['4', 0], positive: ['6', 0], negative: ['7', 0], latent_image: ['5', 0],
    },
  },
  '4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd.safetensors' } },
  '5': { class_type: 'EmptyLatentImage', inputs: { width: 512, height: 384, batch_size: 1 } },
  '6': { class_type: 'CLIPTextEncode', inputs: { text: 'a cat, best', clip: ['4', 1] } },
  '7': { class_type: 'CLIPTextEncode', inputs: { text: 'a dog', clip: ['4', 1] } },
});
const INVOKEAI = JSON.stringify({
  positive_prompt: 'a cat, best', negative_prompt: 'a dog', seed: 42, steps: 17, cfg_scale: 6.5,
  scheduler: 'euler_a', width: 512, height: 384, model: { name: 'sd', base: 'sd-1' },
});

for (const [program, keyword, text] of [
  ['A1111', 'parameters', A1111],
  ['ComfyUI', 'prompt', COMFYUI],
  ['InvokeAI', 'invokeai_metadata', INVOKEAI],
] as const) {
  test(`a picture of ${program} is read and fills the form`, async ({ page }) => {
    await open(page, '/png-info');
    const buffer = withText(plain.buffer, keyword, text);
    await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
    await expect(sheet(page)).toContainText(`Settings written by ${program}.`);
    await expect(sheet(page)).toContainText('a cat, best');
    await expect(sheet(page)).toContainText('a dog');
    for (const [name, value] of [['Steps', '17'], ['CFG scale', '6.5'], ['Seed', '42'], ['Size', '512x384']]) {
      await expect(page.getByRole('row', { name: new RegExp(`^${name} ${value}$`) })).toBeVisible();
    }
    await page.getByRole('link', { name: 'Send to Generate' }).click();
    await expect(drawing.number(page, 'Seed')).toHaveValue('42');
    await expect(drawing.number(page, 'Sampling steps')).toHaveValue('17');
    await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('a cat, best');
  });
}

test('what Generate does not take is told, and nothing of the former form mixes in', async ({ page }) => {
  await open(page, '/');
  await page.getByLabel('Tiling').check();
  const kept = draftKept(page, '93');
  await drawing.fill(page, { batchCount: 93 });
  await kept;
  await open(page, '/png-info');
  const text = COMFYUI.replace('"seed":42', '"seed":156680208700286');
  const buffer = withText(plain.buffer, 'prompt', text);
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await expect(sheet(page).getByRole('listitem')).toHaveText([
    /^Model: there is no sd.safetensors here$/,
    /^Seed: 156680208700286 is out of range; give -1 to \d+$/,
    'Size: it is for another model',
  ]);
  await page.getByRole('link', { name: 'Send to Generate' }).click();
  await expect(drawing.number(page, 'Sampling steps')).toHaveValue('17');
  await expect(drawing.number(page, 'Seed')).toHaveValue('-1');
  await expect(drawing.number(page, 'Batch count')).toHaveValue('1');
  await expect(page.getByLabel('Tiling')).not.toBeChecked();
});

test('a JPEG tells what stands in its EXIF comment', async ({ page }) => {
  await open(page, '/png-info');
  const bytes = await page.evaluate(async () => {
    const board = Object.assign(document.createElement('canvas'), { width: 16, height: 8 });
    board.getContext('2d')?.fillRect(4, 2, 8, 4);
    const file = await new Promise<Blob | null>((give) => board.toBlob(give, 'image/jpeg'));
    return [...new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer(0))];
  });
  const buffer = withComment(Buffer.from(bytes), A1111);
  const photo = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer };
  await page.getByLabel('Picture', { exact: true }).setInputFiles(photo);
  await expect(sheet(page)).toContainText('16×8 pixels');
  await expect(sheet(page)).toContainText('Settings written by A1111.');
  await expect(page.getByRole('row', { name: 'Sampler Euler a' })).toBeVisible();
});

/** The JPEG with a user comment behind its first marker: a TIFF block of one entry in two directories. */
function withComment(jpeg: Buffer, text: string): Buffer {
  const comment = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), Buffer.from(text, 'utf16le').swap16()]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(comment.length);
  const tiff = Buffer.concat([
    Buffer.from('4d4d002a00000008' + '00018769000400000001' + '0000001a' + '00000000', 'hex'),
    Buffer.from('000192860007', 'hex'),
    length,
    Buffer.from('0000002c' + '00000000', 'hex'),
    comment,
  ]);
  const head = Buffer.from('ffe10000' + '457869660000', 'hex');
  head.writeUInt16BE(tiff.length + 8, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, tiff, jpeg.subarray(2)]);
}

test('a file that is no picture is refused in words', async ({ page }) => {
  await open(page, '/png-info');
  const buffer = Buffer.from('no picture');
  await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
  await expect(page.getByRole('alert')).toContainText('cannot be used');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a picture is looked into', async ({ page }) => {
    await page.goto('/png-info');
    await page.getByLabel('Picture', { exact: true }).setInputFiles(plain);
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(sheet(page)).toContainText('12×12 pixels');
  });

  test('a file that is no picture is refused in words', async ({ page }) => {
    await page.goto('/png-info');
    const buffer = Buffer.from('no picture');
    await page.getByLabel('Picture', { exact: true }).setInputFiles({ ...plain, buffer });
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(page.getByRole('alert')).toContainText('cannot be used');
  });
});
