// MkDocs with Material: pages that are replaced without a reload, and two color schemes.

import assert from 'node:assert/strict';
import { build, checkPanel, python, test, write } from './lib.mjs';

test('MkDocs Material: the panel fits, follows the theme and trains, also on a page that is opened without a reload', async ({ folder, guide, open, serve }) => {
  // Pages are replaced only if their addresses are those of the site's map, so its server is there first.
  const host = await serve({ folder: `${folder}/site` });
  const script = guide.row('MkDocs').at(-1);
  write(folder, {
    'mkdocs.yml': `site_name: Course
site_url: ${host.url}
use_directory_urls: false
theme:
  name: material
  font: false
  features: [navigation.instant]
  palette:
    - { scheme: default, toggle: { icon: material/brightness-7, name: Dark } }
    - { scheme: slate, toggle: { icon: material/brightness-4, name: Light } }
${script}
`,
    'docs/index.md': '# Course\n\n[Lecture 7](lecture.md)\n',
    'docs/lecture.md': `# Lecture 7\n\nBefore.\n\n${guide.element}\n\nAfter.\n`,
  });
  await build(python('mkdocs'), ['build', '--quiet'], { cwd: folder });
  const page = await open('index.html', { from: host, ready: false });
  await page.evaluate(() => (window.first = true));
  await page.locator('article').getByRole('link', { name: 'Lecture 7' }).click();
  await checkPanel(page, { toggle: () => page.locator('label[for^="__palette"]:visible').click() });
  assert.ok(await page.evaluate(() => window.first), 'the page was not reloaded');
});
