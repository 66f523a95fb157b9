// A picture that comes by drag and drop, or from the clipboard.

import { type Locator } from './studio.ts';

/** Drops a PNG file on `zone`, or pastes it into its page. */
export function handOver(zone: Locator, kind: 'drop' | 'paste', png: Buffer): Promise<void> {
  return zone.evaluate(
    (zone, [kind, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'p.png', { type: 'image/png' }));
      const events = { bubbles: true, cancelable: true };
      if (kind === 'drop') zone.dispatchEvent(new DragEvent('drop', { dataTransfer: data, ...events }));
      else document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, ...events }));
    },
    [kind, [...png]] as const,
  );
}
