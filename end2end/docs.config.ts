// `npm run docs-screenshots`: the pictures that the README shows.

import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({ ...tests, testDir: 'docs', outputDir: 'test-results-docs', timeout: 900_000 });
