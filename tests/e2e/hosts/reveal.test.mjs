// reveal.js, whose slides have a fixed size and are scaled to the window.

import assert from 'node:assert/strict';
import { checkPanel, ICON, inside, node, test } from './lib.mjs';

test('reveal.js: the panel trains in its box, whose lower end can be reached', async ({ guide, open, serve }) => {
  const opening = guide.row('reveal.js').at(-1);
  const pages = {
    'index.html': `<!doctype html><html lang="en"><meta charset="utf-8"><title>Course</title>${ICON}<link rel="stylesheet" href="dist/reveal.css"><link rel="stylesheet" href="dist/theme/black.css"><div class="reveal"><div class="slides"><section><h2>Lecture 7</h2></section><section id="panel">${opening}${guide.snippet}</div></section></div></div><script src="dist/reveal.js"></script><script>Reveal.initialize({ controls: false }).then(() => Reveal.slide(1))</script></html>`,
  };
  const host = await serve({ folder: `${node}/node_modules/reveal.js`, pages });
  const page = await open('', { from: host, ready: false });
  await page.locator('section#panel.present').waitFor();
  await checkPanel(page, { fits: false });
  assert.equal(await inside(page, 'nn-lab').locator('html').getAttribute('data-theme'), 'dark');
  const box = page.locator('#panel > div');
  assert.ok(await box.evaluate((box) => box.scrollHeight > box.clientHeight), 'the box scrolls');
  assert.ok(await inside(page, 'nn-lab').locator('html').evaluate((html) => html.scrollHeight <= innerHeight + 1), 'the panel itself does not');
  await box.evaluate((box) => box.scrollTo(0, box.scrollHeight));
  const bottom = await page.locator('nn-lab').evaluate((element) => element.getBoundingClientRect().bottom);
  assert.ok(bottom <= page.viewportSize().height, `the end of the panel is at ${bottom}`);
});
