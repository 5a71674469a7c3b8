// Hugo, with a layout that leaves colors to the browser, as plain themes do.

import { build, checkPanel, ICON, python, test, write } from './lib.mjs';

test('Hugo: the panel fits, follows the system’s theme and trains', async ({ folder, guide, open, serve }) => {
  const setting = guide.row('Hugo').at(-1);
  write(folder, {
    'hugo.toml': `baseURL = "http://127.0.0.1/"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n${setting}\n`,
    'layouts/index.html': `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ .Title }}</title>${ICON}<style>:root { color-scheme: light dark }</style><body><main>{{ .Content }}</main></body></html>`,
    'content/_index.md': `---\ntitle: Lecture 7\n---\n\nBefore.\n\n${guide.snippet}\nAfter.\n`,
  });
  await build(python('hugo'), ['--quiet'], { cwd: folder });
  const host = await serve({ folder: `${folder}/public` });
  const page = await open('index.html', { from: host, ready: false });
  await checkPanel(page, { toggle: (dark) => page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' }) });
});
