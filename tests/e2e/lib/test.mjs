// The tests' fixtures. A test imports everything from here, and uses `assert` for a value that is at hand,
// `expect` to wait.

import { test as base, expect } from '@playwright/test';
import { openPage, theSite, useBrowser } from './browser.mjs';
import { serve } from './site.mjs';

export * from './browser.mjs';
export { expect };

export const test = base.extend({
  /** The built site, served to all tests of a process. */
  site: [
    async ({ browser }, use) => {
      useBrowser(browser);
      const site = await theSite();
      await use(site);
      await site.close();
    },
    { scope: 'worker', auto: true },
  ],

  /**
   * Serves a folder, or pages that exist only for this test, until the test is over. Options as in
   * lib/site.mjs.
   */
  serve: async ({}, use) => {
    const sites = [];
    await use(async (options) => {
      sites.push(await serve(options));
      return sites.at(-1);
    });
    for (const site of sites) await site.close();
  },

  /** The built site, in which a run that trains is saved five times per second. */
  eagerSite: async ({ serve }, use) => {
    const site = await serve();
    for (const kind of ['cpu', 'gpu']) site.rewrites.set(`worker-${kind}.js`, (script) => `self.nnLabSaveMs = 200;\n${script}`);
    await use(site);
  },

  /**
   * Opens an address of the lab in a fresh profile and returns its page. The test fails if a page complains;
   * see `openPage` in lib/browser.mjs, which has the options, too. It depends on `serve` so that pages are closed
   * before their servers.
   */
  open: async ({ browser, serve: _serve }, use) => {
    const complaints = [];
    await use((hash, options) => openPage(hash, options, complaints));
    const found = [...complaints];
    for (const context of browser.contexts()) await context.close();
    expect(found, 'errors on the console, and requests to other origins').toEqual([]);
  },
});
