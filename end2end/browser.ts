// The browser that the tests drive: one that is installed, or Playwright's own.

import { existsSync } from 'node:fs';
import type { LaunchOptions } from '@playwright/test';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

export const launchOptions: LaunchOptions = {
  executablePath: process.env.CHROMIUM ?? places.find((place) => existsSync(place)),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
