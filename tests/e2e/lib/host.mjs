// Pages of another origin that embed panels: the fixture `onHost`, and the ways into their frames.

import { test as base } from './test.mjs';

export const test = base.extend({
  /**
   * Opens HTML from an origin that is not the lab's, and returns its page. LAB in it stands for the lab's
   * address.
   */
  onHost: async ({ open, serve, site }, use) => {
    await use(async (html, options) => {
      const host = await serve({ pages: { 'index.html': html.replaceAll('LAB', site.url) } });
      return open('', { from: host, ready: false, ...options });
    });
  },
});

/** A page of a course, with the element's script. */
export const course = (body, head = '') => `<!doctype html><html lang="en"><meta charset="utf-8"><title>host</title>${head}<link rel="icon" href="data:,"><script type="module" src="LABembed.js"></script><body>${body}</body></html>`;

/** The panel in an element. */
export const inside = (page, selector) => page.frameLocator(`${selector} iframe`);

export const stateOf = (page, selector) => inside(page, selector).locator('[data-panel]').getAttribute('data-state');

/** Collects what an element reports, in `window.heard`. */
export const listen = (page, selector) =>
  page.locator(selector).evaluate((element) => {
    window.heard = [];
    for (const type of ['ready', 'state', 'metrics', 'guess', 'outcome', 'record', 'statement', 'error', 'resize']) element.addEventListener(`nn-lab-${type}`, ({ detail }) => window.heard.push(detail));
  });

/** Returns the reports of one type so far. */
export const heard = (page, type) => page.evaluate((type) => window.heard.filter((detail) => detail.type === type), type);
