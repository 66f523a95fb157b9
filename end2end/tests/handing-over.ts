// A file that comes by drag and drop, or a picture from the clipboard.

import { type Locator } from './studio.ts';

const PNG = { name: 'p.png', type: 'image/png' };

/** Drops a file on `zone`, or pastes it into its page. */
export function handOver(zone: Locator, kind: 'drop' | 'paste', bytes: Buffer, file = PNG): Promise<void> {
  return zone.evaluate(
    (zone, [kind, bytes, { name, type }]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      const events = { bubbles: true, cancelable: true };
      if (kind === 'drop') zone.dispatchEvent(new DragEvent('drop', { dataTransfer: data, ...events }));
      else document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, ...events }));
    },
    [kind, [...bytes], file] as const,
  );
}
