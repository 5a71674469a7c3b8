// TinyMCE, the editor of several course systems, and the lines that survive it.

import assert from 'node:assert/strict';
import { course } from '../lib/host.mjs';
import { checkPanel, ICON, node, test } from './lib.mjs';

test('TinyMCE: the guide’s div survives the editor and becomes a panel, and a listed host’s frame may run', async ({ guide, open, serve, site }) => {
  const text = `${guide.div}<p>${guide.frame}</p>${guide.element}`;
  const editor = `<!doctype html><html lang="en"><meta charset="utf-8"><title>editor</title>${ICON}<script src="tinymce.min.js"></script><body><textarea></textarea></body></html>`;
  const host = await serve({ folder: `${node}/node_modules/tinymce`, pages: { 'index.html': editor } });
  // The editor's own messages on the console do not count, such as those about a frame in an empty sandbox.
  const page = await open('', { from: host, ready: false, allow: [/./] });
  await page.waitForFunction(() => window.tinymce);
  const written = (options) =>
    page.evaluate(
      async ([text, options]) => {
        const [editor] = await tinymce.init({ selector: 'textarea', license_key: 'gpl', promotion: false, ...options });
        editor.setContent(text);
        const content = editor.getContent();
        editor.remove();
        return content;
      },
      [text, options],
    );
  const plain = await written({});
  assert.ok(!plain.includes('<nn-lab'), plain);
  assert.match(plain, /<iframe[^>]* sandbox=""/);
  const listed = await written({ sandbox_iframes_exclusions: [new URL(site.url).hostname] });
  assert.ok(!/<iframe[^>]* sandbox=/.test(listed), listed);
  const shown = await open('', { from: await serve({ pages: { 'index.html': course(listed).replace('LAB', site.url) } }), ready: false });
  await checkPanel(shown, { selector: '.nn-lab' });
  const frame = shown.frameLocator('p iframe');
  await shown.locator('p iframe').scrollIntoViewIfNeeded();
  await frame.locator('[data-panel="attention"][data-probe="idle"]').waitFor();
});
