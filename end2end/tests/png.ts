// Just enough PNG: gray pictures to upload, and the text and the pixels of one that was downloaded.

import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Kinds of colour. */
const [GRAY, GRAY_AND_ALPHA] = [0, 4];

/** A gray picture of `side` by `side`, each pixel by `shade`. */
export function grayPng(side: number, shade: (x: number, y: number) => number): Buffer {
  const rows = Buffer.alloc(side * (side + 1));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) rows[y * (side + 1) + 1 + x] = shade(x, y);
  }
  return png(side, GRAY, rows);
}

/** A picture of `side` by `side` that is transparent all over. */
export function clearPng(side: number): Buffer {
  return png(side, GRAY_AND_ALPHA, Buffer.alloc(side * (2 * side + 1)));
}

function png(side: number, kind: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  header[9] = kind;
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Width, height and text entries of a PNG file. */
export function readPng(file: Buffer): { width: number; height: number; text: Map<string, string> } {
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG file');
  const text = new Map<string, string>();
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (type === 'tEXt') text.set(...latinText(data));
    if (type === 'iTXt') text.set(...internationalText(data));
    at += 12 + length;
  }
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20), text };
}

/** The same file with one more text in it. */
export function withText(file: Buffer, keyword: string, text: string): Buffer {
  const afterHeader = 33;
  const data = Buffer.from(`${keyword}\0${text}`, 'latin1');
  return Buffer.concat([file.subarray(0, afterHeader), chunk('tEXt', data), file.subarray(afterHeader)]);
}

/** The same with the text packed, as zTXt, or in an iTXt of UTF-8. */
export function withOtherText(file: Buffer, kind: 'zTXt' | 'iTXt', keyword: string, text: string): Buffer {
  const afterHeader = 33;
  const head = Buffer.from(`${keyword}\0`, 'latin1');
  const body = {
    zTXt: () => [Buffer.from([0]), deflateSync(Buffer.from(text, 'latin1'))],
    iTXt: () => [Buffer.from([0, 0, 0, 0]), Buffer.from(text, 'utf8')],
  }[kind]();
  const entry = chunk(kind, Buffer.concat([head, ...body]));
  return Buffer.concat([file.subarray(0, afterHeader), entry, file.subarray(afterHeader)]);
}

/** A PNG that says it is of `width` by `height`, and has no such pixels. */
export function hugePng(width: number, height: number): Buffer {
  const file = grayPng(8, () => 0);
  const header = Buffer.from(file.subarray(16, 29));
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), file.subarray(33)]);
}

/** The bytes of a picture's pixels, row by row, and how many of them make one pixel. */
export function readPixels(file: Buffer): { width: number; height: number; channels: number; data: Buffer } {
  const { width, height } = readPng(file);
  const channels = { 0: 1, 2: 3 }[file[25] ?? -1];
  if (file[24] !== 8 || !channels) throw new Error('neither eight bits of gray nor of colour');
  const rows = inflateSync(Buffer.concat(chunks(file, 'IDAT')));
  const stride = width * channels;
  const data = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < channels ? 0 : (data[at - channels] ?? 0);
      const above = y === 0 ? 0 : (data[at - stride] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (data[at - stride - channels] ?? 0);
      data[at] = (rows[y * (stride + 1) + 1 + x] ?? 0) + expected(filter, left, above, corner);
    }
  }
  return { width, height, channels, data };
}

/** What a row's filter took away from each of its bytes. */
function expected(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  return filter === 4 ? nearest(left + above - corner, left, above, corner) : 0;
}

function nearest(estimate: number, ...known: number[]): number {
  const far = (one: number) => Math.abs(one - estimate);
  return known.reduce((best, one) => (far(one) < far(best) ? one : best));
}

function chunks(file: Buffer, wanted: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === wanted) found.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return found;
}

function latinText(data: Buffer): [string, string] {
  const end = data.indexOf(0);
  return [data.toString('latin1', 0, end), data.toString('latin1', end + 1)];
}

function internationalText(data: Buffer): [string, string] {
  const end = data.indexOf(0);
  const compressed = data[end + 1] === 1;
  const language = data.indexOf(0, end + 3);
  const body = data.subarray(data.indexOf(0, language + 1) + 1);
  return [data.toString('latin1', 0, end), (compressed ? inflateSync(body) : body).toString('utf8')];
}

export function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
