// The browser tests, in the Chromium that is installed; Playwright downloads no browser. scripts/test.sh selects
// tests by tag: @long is left out of the daily run, @full takes minutes. @webgpu and @firefox name what a test
// needs: `npx playwright test --grep @firefox`.

import { defineConfig } from '@playwright/test';
import { launchOptions } from './lib/browser.mjs';

// These take minutes. Files start in the order of projects, so these start first.
const slow = /\/(faults|firefox|registry|verify|webgpu)\.test\.mjs$/;

export default defineConfig({
  testDir: '.',
  projects: [
    { name: 'slow files', testMatch: slow },
    { name: 'other files', testMatch: '**/*.test.mjs', testIgnore: slow },
  ],
  // While one file waits for its worker, the other one uses the other core.
  workers: 2,
  fullyParallel: false,
  // A test that passes only the second time is reported as flaky: it counts as passed, and is to be fixed.
  retries: 1,
  timeout: 150_000,
  expect: { timeout: 30_000 },
  outputDir: '../../target/e2e/failed',
  reportSlowTests: null,
  reporter: [['list'], ['./lib/summary.mjs']],
  use: {
    launchOptions,
    screenshot: 'only-on-failure',
    // Tracing takes a snapshot of the page at each poll, which is too slow for every run.
    trace: 'on-first-retry',
  },
});
