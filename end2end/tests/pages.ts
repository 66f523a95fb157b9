// Every tab, and the looks it must have.

import type { Page } from '@playwright/test';
import { expect, open } from './studio.ts';

export const TABS = [
  { path: '/', name: 'generate' },
  { path: '/train', name: 'train' },
  { path: '/datasets', name: 'datasets' },
  { path: '/datasets?name=textures', name: 'dataset' },
  { path: '/models', name: 'models' },
  { path: '/gallery', name: 'gallery' },
  { path: '/deleted', name: 'deleted' },
  { path: '/compare', name: 'compare' },
  { path: '/png-info', name: 'png-info' },
  { path: '/process', name: 'process' },
  { path: '/settings', name: 'settings' },
];

export const WIDTHS = [1400, 400];
export const SCHEMES = ['dark', 'light'] as const;

/** Opens a tab and waits until all pictures in sight are there. */
export async function settled(page: Page, path: string): Promise<void> {
  await open(page, path);
  await expect(page.getByRole('navigation', { name: 'Pages', exact: true })).toBeVisible();
  await expect
    .poll(() =>
      page.evaluate(() =>
        [...document.images].every(
          (image) =>
            image.complete ||
            !image.checkVisibility() ||
            image.getBoundingClientRect().top > innerHeight,
        ),
      ),
    )
    .toBe(true);
}
