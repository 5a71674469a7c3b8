// mdBook, whose themes are chosen in a menu.

import { build, checkPanel, python, test, write } from './lib.mjs';

test('mdBook: the panel fits, follows the theme and trains', async ({ folder, guide, open, serve }) => {
  write(folder, {
    'book.toml': '[book]\ntitle = "Course"\n',
    'src/SUMMARY.md': '# Summary\n\n- [Lecture 7](lecture.md)\n',
    'src/lecture.md': `# Lecture 7\n\nBefore.\n\n${guide.snippet}\nAfter.\n`,
  });
  await build(python('mdbook'), ['build'], { cwd: folder });
  const host = await serve({ folder: `${folder}/book` });
  const page = await open('lecture.html', { from: host, ready: false });
  const toggle = async (dark) => {
    const theme = page.locator(`#mdbook-theme-${dark ? 'coal' : 'light'}`);
    // The menu stays open.
    if (!(await theme.isVisible())) await page.locator('#mdbook-theme-toggle').click();
    await theme.click();
  };
  await checkPanel(page, { toggle });
});
