// Jupyter Book 2. It downloads its themes when it builds a site, and no registry has them. So a theme of a few lines renders
// the page here, on a server and in the browser, with the component that the themes use for widgets.

import { build, checkPanel, frames, ICON, python, test, write } from './lib.mjs';

/** The body of a page, for the server and for the browser. */
const PAGE = `import { createElement as make } from 'react';
import { ANY_RENDERERS } from '@myst-theme/anywidget';

const draw = (node) => (ANY_RENDERERS[node.type] ? make(ANY_RENDERERS[node.type], { node, key: node.key }) : node.type === 'text' ? node.value : make(node.type === 'paragraph' ? 'p' : 'div', { key: node.key }, ...(node.children ?? []).map(draw)));

export const body = (root) => draw(root);
`;

const BROWSER = `import { hydrateRoot } from 'react-dom/client';
import { body } from './page.mjs';

const root = hydrateRoot(document.getElementById('root'), body(JSON.parse(document.getElementById('content').textContent)));
window.leave = () => root.unmount();
`;

/** Writes the book's page. Addresses of files that the tool has stored are relative to the site's root. */
const RENDER = `import { copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { renderToString } from 'react-dom/server';
import { buildSync } from 'esbuild';
import { body } from './page.mjs';

const { BUILD_DIRECTORY: out, CONTENT_CDN: content, PUBLIC: files } = process.env;
const { mdast } = await (await fetch(content + '/content/index.json')).json();
const text = JSON.stringify(mdast);
for (const [name] of text.matchAll(/[0-9a-f]{32}\\.mjs/g)) copyFileSync(join(files, name), join(out, name));
buildSync({ entryPoints: ['browser.mjs'], bundle: true, format: 'esm', define: { 'process.env.NODE_ENV': '"production"' }, outfile: join(out, 'browser.js') });
writeFileSync(join(out, 'index.html'), '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Lecture 7</title>${ICON}<style>body { background: #fff } .dark body { background: #1c1917; color: #eee }</style><body><div id="root">' + renderToString(body(mdast)) + '</div><script type="application/json" id="content">' + text.replaceAll('<', '\\\\u003c') + '</script><script type="module" src="browser.js"></script></body></html>');
`;

test('Jupyter Book 2: the widget’s page hydrates, and the panel fits, follows the theme and trains', async ({ nodeFolder, guide, open, serve }) => {
  const directive = guide.row('Jupyter Book 2').filter((code) => !code.includes('iframe'));
  write(nodeFolder, {
    'myst.yml': 'version: 1\nproject:\n  title: Course\n  toc:\n    - file: index.md\nsite:\n  template: ./theme\n',
    'index.md': `# Lecture 7\n\nBefore.\n\n${directive.join('\n').replace('"settings": {', '"settings": {"device": "cpu", "steps": 6, ')}\n\nAfter.\n`,
    'theme/template.yml': 'myst: v1\nkind: site\ntitle: A theme\nversion: 1.0.0\nbuild:\n  render: node render.mjs\nfiles: [render.mjs, page.mjs, browser.mjs]\n',
    'theme/page.mjs': PAGE,
    'theme/browser.mjs': BROWSER,
    'theme/render.mjs': RENDER,
  });
  await build(python('jupyter-book'), ['build', '--html'], { cwd: nodeFolder, env: { PUBLIC: `${nodeFolder}/_build/site/public` } });
  const host = await serve({ folder: `${nodeFolder}/_build/html` });
  const page = await open('index.html', { from: host, ready: false });
  await checkPanel(page, { toggle: (dark) => page.evaluate((dark) => document.documentElement.classList.toggle('dark', dark), dark) });
  // The model of these pages lacks methods that the widget calls when its page is left.
  await page.evaluate(() => window.leave());
  await frames(page, 5);
});
