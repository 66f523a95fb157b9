import { defineConfig, devices } from '@playwright/test';
import { launchOptions } from './browser.ts';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  // The server trains and draws on all cores: two tests at once would only wait for each other.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure', actionTimeout: 20_000 },
  projects: [
    {
      name: 'chromium',
      use: { ...devices['Desktop Chrome'], viewport: { width: 1400, height: 900 }, launchOptions },
    },
  ],
});
