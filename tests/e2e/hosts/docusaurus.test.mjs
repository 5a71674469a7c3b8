// Docusaurus: pages that are rendered on a server and hydrated by React.

import assert from 'node:assert/strict';
import { build, checkPanel, expect, inside, node, test, write } from './lib.mjs';

test('Docusaurus: the page hydrates without an error, and each panel loads once, fits, follows the theme and trains', async ({ nodeFolder, guide, open, serve, site }) => {
  const scripts = guide.row('Docusaurus').at(-1);
  write(nodeFolder, {
    'package.json': '{"name": "site", "private": true}',
    'docusaurus.config.js': `module.exports = { title: 'Course', url: 'http://127.0.0.1', baseUrl: '/', presets: [['classic', { docs: false, blog: false }]], ${scripts}, headTags: [{ tagName: 'link', attributes: { rel: 'icon', href: 'data:,' } }] };`,
    'src/pages/index.mdx': `# Lecture 7\n\nBefore.\n\n${guide.element}\n\nBetween.\n\n${guide.frame}\n`,
  });
  // It writes its caches to the folder that it runs in.
  await build(`${node}/node_modules/.bin/docusaurus`, ['build'], { cwd: nodeFolder });
  const host = await serve({ folder: `${nodeFolder}/build` });
  site.requests.length = 0;
  // `open` fails if React complains about a difference.
  const page = await open('', { from: host, ready: false });
  const toggle = async (dark) => {
    const button = page.locator('button[class*="toggleButton"]:visible').first();
    // The button goes through the system's theme, too.
    for (let i = 0; i < 3 && (await page.locator('html').getAttribute('data-theme-choice')) !== (dark ? 'dark' : 'light'); i++) await button.click();
  };
  await checkPanel(page, { toggle });
  const frame = page.locator('iframe[title="Attention"]');
  await frame.scrollIntoViewIfNeeded();
  await page.frameLocator('iframe[title="Attention"]').locator('[data-panel="attention"][data-probe="idle"]').waitFor();
  assert.equal(site.requests.filter((name) => name === 'index.html').length, 2);
  await expect(inside(page, 'nn-lab').locator('[data-param="seq_len"] input').first(), 'the setting is locked').toBeDisabled();
});
