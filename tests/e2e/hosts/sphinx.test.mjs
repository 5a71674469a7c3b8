// Sphinx with MyST Markdown and the theme furo.

import { build, checkPanel, ICON, python, test, write } from './lib.mjs';

test('Sphinx with MyST and furo: the panel fits, follows the theme and trains', async ({ folder, guide, open, serve }) => {
  const [before, after] = guide.row('Sphinx');
  write(folder, {
    'conf.py': "project = 'Course'\nextensions = ['myst_parser']\nhtml_theme = 'furo'\nhtml_static_path = []\ntemplates_path = ['templates']\n",
    'templates/base.html': `{% extends "!base.html" %}\n{% block extrahead %}${ICON}{% endblock %}\n`,
    'index.md': `# Lecture 7\n\n${before}\n${guide.snippet.trim()}\n${after}\n`,
  });
  await build(python('sphinx-build'), ['-q', '-W', '-b', 'html', '.', 'site'], { cwd: folder });
  const host = await serve({ folder: `${folder}/site` });
  const page = await open('index.html', { from: host, ready: false });
  // The button goes from the system's theme to dark to light, if the system's is light.
  await checkPanel(page, { toggle: () => page.locator('.theme-toggle:visible').first().click() });
});
