// Measures every chapter's first view, one JSON object per line, then a table with the targets. It asserts nothing.
//
// ./lab bench views [SECTION...] [--train] [--pictures DIR] [--full] [--against FILE], or [SECTION...] --embeds
//
// --train also measures what moves during a short run. --pictures saves a picture of every chapter at both sizes, light
// and dark; with --full, of the whole page. --embeds measures instead how tall each main figure and experiment is alone in a
// frame of 640 pixels.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeAll, frames, sections } from './lib/browser.mjs';
import { option, print } from './lib/lines.mjs';
import { embedsOf, MAX_HEIGHTS, missed, SIZES, TARGETS, viewsOf } from './lib/views.mjs';

const folder = option('--pictures');
const chosen = sections.filter((slug) => process.argv.includes(slug));

async function picture(page, slug, chapter, size) {
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await frames(page, 4);
    await page.screenshot({ path: join(folder, `${slug}-${chapter}-${SIZES[size].width}-${colorScheme}.png`), fullPage: process.argv.includes('--full') });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Returns the rows of a table in Markdown. A number that misses its target is bold. */
function table(views) {
  const names = Object.keys(TARGETS).filter((name) => views.some((view) => name in view));
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const target = (name) => {
    const { min, max, unit } = TARGETS[name];
    return (min === undefined ? `≤ ${max}` : `≥ ${min}`) + unit;
  };
  const cells = (view) => names.map((name) => (missed(view).includes(name) ? `**${view[name]}**` : `${view[name]}`));
  return [
    row(['Chapter', ...names.map((name) => name.replaceAll('_', ' '))]),
    row(['---', ...names.map(() => '---:')]),
    row(['target', ...names.map(target)]),
    ...views.map((view) => row([`${view.section}/${view.chapter}`, ...cells(view)])),
  ];
}

async function embeds() {
  const all = [];
  for (const slug of chosen.length ? chosen : sections) {
    const found = await embedsOf(slug);
    for (const one of found) print('embed', one);
    all.push(...found);
  }
  const columns = ['height', 'run', 'card', 'figure', 'settings', 'others'];
  const cell = (one, column) => (column === 'height' && one.height > MAX_HEIGHTS[one.kind] ? `**${one.height}**` : one[column]);
  console.log(`\n| Alone at 640 pixels | ${columns.join(' | ')} |\n| --- | ${columns.map(() => '---:').join(' | ')} |`);
  for (const one of all) console.log(`| ${one.section}: ${one.kind} ${one.name} | ${columns.map((column) => cell(one, column)).join(' | ')} |`);
  console.log(`\n${all.filter((one) => one.height <= MAX_HEIGHTS[one.kind]).length} of ${all.length} are at most ${MAX_HEIGHTS.figure} px (figures) and ${MAX_HEIGHTS.experiment} px (experiments) tall.`);
}

async function views() {
  const views = [];
  for (const slug of chosen.length ? chosen : sections) {
    try {
      const complaints = [];
      const found = await viewsOf(slug, { train: process.argv.includes('--train'), visit: (page, chapter, size) => picture(page, slug, chapter, size), complaints });
      if (complaints.length) throw new Error(complaints.join('; '));
      for (const view of found) print('view', { ...view, missed: missed(view) });
      views.push(...found);
    } catch (error) {
      print('error', { section: slug, message: String(error.message).slice(0, 400) });
      process.exitCode = 1;
    }
  }
  const good = views.filter((view) => !missed(view).length).length;
  console.log(['', ...table(views), '', `${good} of ${views.length} chapters with a figure meet every target.`].join('\n'));
  for (const [name, { what }] of Object.entries(TARGETS)) {
    const missing = views.filter((view) => missed(view).includes(name));
    if (missing.length) console.log(`- ${name.replaceAll('_', ' ')}, ${what}: missed by ${missing.map(({ section, chapter }) => `${section}/${chapter}`).join(', ')}`);
  }
}

try {
  await (process.argv.includes('--embeds') ? embeds() : views());
} finally {
  await closeAll();
}
