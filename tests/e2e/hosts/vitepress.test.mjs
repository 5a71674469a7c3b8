// VitePress: pages that are rendered on a server and hydrated by Vue.

import { build, checkPanel, node, test, write } from './lib.mjs';

test('VitePress: the page hydrates, and the panel fits, follows the theme and trains', async ({ nodeFolder, guide, open, serve }) => {
  const [head, vue] = guide.row('VitePress').slice(-2);
  write(nodeFolder, {
    'package.json': '{"name": "site", "private": true, "type": "module"}',
    '.vitepress/config.js': `export default { title: 'Course', ${head}, ${vue} };\n`,
    'index.md': `# Lecture 7\n\nBefore.\n\n${guide.element}\n\nAfter.\n`,
  });
  await build(`${node}/node_modules/.bin/vitepress`, ['build'], { cwd: nodeFolder });
  const host = await serve({ folder: `${nodeFolder}/.vitepress/dist` });
  host.pages['favicon.ico'] = '';
  const page = await open('index.html', { from: host, ready: false });
  await checkPanel(page, { toggle: () => page.locator('.VPSwitchAppearance:visible').first().click() });
});
