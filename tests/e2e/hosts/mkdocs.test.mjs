// MkDocs with Material: pages that are replaced without a reload, and two color schemes.

import assert from 'node:assert/strict';
import { build, checkPanel, inside, python, shot, test, write } from './lib.mjs';

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

test('MkDocs Material: the question of the guide, and the picture for it, target/e2e/embedded.png', async ({ folder, guide, open, serve }) => {
  write(folder, {
    'mkdocs.yml': `site_name: Deep Learning, autumn term
theme: { name: material, font: false, palette: { primary: teal } }
nav: [{ Lecture 6: six.md }, { Lecture 7: index.md }, { Lecture 8: eight.md }]
${guide.row('MkDocs').at(-1)}
`,
    'docs/six.md': '# Lecture 6\n',
    'docs/eight.md': '# Lecture 8\n',
    'docs/index.md': `---\nhide: [toc]\n---\n\n# Lecture 7: Memory\n\nA recurrent network reads one token after another and keeps what it needs in its state. How long does the first token stay there? Predict first, then train both networks on your own device.\n\n${guide.question.replace(' ask=', ' hide="settings,seeds" ask=')}\n`,
  });
  await build(python('mkdocs'), ['build', '--quiet'], { cwd: folder });
  const page = await open('index.html', { from: await serve({ folder: `${folder}/site` }), ready: false, width: 1240, height: 800 });
  const panel = inside(page, 'nn-lab');
  await panel.locator('[data-guess-input]').fill('0.5');
  await panel.locator('[data-action="guess"]').click();
  await panel.locator('[data-action="train"]').click();
  await panel.locator('[data-panel][data-state="done"]').waitFor({ timeout: 120_000 });
  await panel.locator('[data-outcome]').first().waitFor();
  await panel.locator('[data-action="hand-in"]').waitFor();
  await shot(page, 'embedded');
});
