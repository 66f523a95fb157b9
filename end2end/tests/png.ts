// Just enough PNG: gray pictures to upload, and the text inside a picture that was downloaded.

import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** A gray picture of `side` by `side`, each pixel by `shade`. */
export function grayPng(side: number, shade: (x: number, y: number) => number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const rows = Buffer.alloc(side * (side + 1));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) rows[y * (side + 1) + 1 + x] = shade(x, y);
  }
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
