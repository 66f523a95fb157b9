// A zip file with its entries stored as they are.

import { crc32 } from './png.ts';

export interface Entry {
  name: string;
  data: Buffer;
}

export function zip(entries: Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const facts = describe(entry);
    const name = Buffer.from(entry.name);
    const local = Buffer.concat([numbers([0x04034b50, 4]), facts, name, entry.data]);
    files.push(local);
    directory.push(
      numbers([0x02014b50, 4], [20, 2]),
      facts,
      // No comment, first disk, no attributes.
      numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      name,
    );
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const counts: Field[] = [[entries.length, 2], [entries.length, 2]];
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], ...counts, [index.length, 4], [offset, 4], [0, 2]);
  return Buffer.concat([...files, index, end]);
}

/** The fields that a file's own header and the directory share. */
function describe({ name, data }: Entry): Buffer {
  const size = data.length;
  const dated: Field[] = [[0, 2], [0x5821, 2]];
  const sizes: Field[] = [[crc32(data), 4], [size, 4], [size, 4]];
  const lengths: Field[] = [[Buffer.byteLength(name), 2], [0, 2]];
  return numbers([20, 2], [0, 2], [0, 2], ...dated, ...sizes, ...lengths);
}

type Field = [value: number, bytes: number];

function numbers(...fields: Field[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
