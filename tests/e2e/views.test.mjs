// Every chapter opens on its main figure: the targets of lib/views.mjs, which `./lab bench views` prints as a table.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sections, test } from './lib/test.mjs';
import { measure, missed, TARGETS, viewsOf } from './lib/views.mjs';

/** Returns what a chapter misses, in words. */
const words = (view) =>
  missed(view).map((name) => {
    const { min, max, unit, what } = TARGETS[name];
    const details = { empty: view.empty_names, shift: view.moved }[name] ?? [];
    return `${view.section}/${view.chapter}: ${what} is ${view[name]}${unit}, not ${min === undefined ? `at most ${max}` : `at least ${min}`}${unit} ${details.join(', ')}`.trim();
  });

for (const slug of sections) {
  test(`${slug}: every chapter opens on its main figure, with few words and controls, and nothing is empty before training`, { tag: ['mlp', 'rnn'].includes(slug) ? [] : '@long' }, async ({ browser: _browser }) => {
    test.setTimeout(240_000);
    const complaints = [];
    const views = await viewsOf(slug, { complaints });
    assert.ok(views.length >= 3, `${views.length} chapters with a figure`);
    assert.deepEqual(views.flatMap(words), []);
    assert.deepEqual(complaints, []);
  });

  test(`${slug}: nothing moves on the page while a run goes on, in any chapter`, { tag: '@long' }, async ({ browser: _browser }) => {
    test.setTimeout(600_000);
    const views = await viewsOf(slug, { train: true, sizes: ['laptop'] });
    assert.deepEqual(views.filter(({ shift }) => shift > TARGETS.shift.max).map(({ chapter, shift, moved }) => `${chapter}: ${shift}, ${moved.join(', ')}`), []);
  });
}

/** A page with one chapter, whose figures are given as HTML. */
const chapter = (stage, side = '', head = '') => `<!doctype html><html lang="en"><meta charset="utf-8"><title>view</title><link rel="icon" href="data:,"><style>body { margin: 0; font: 10px/1 monospace } .visually-hidden { display: none } .figure { margin: 0 }</style>
  <div data-panel="test">${head}<div class="chapter"><div class="stage">${stage}</div><div class="side">${side}</div></div></div></html>`;
const figure = (body, style = 'height: 200px', name = 'one') => `<figure class="figure" data-figure="${name}"><div class="figure-body" style="${style}">${body}</div><figcaption style="height: 900px">A long caption</figcaption></figure>`;
const bars = '<svg><rect class="bar" width="9" height="9"></rect></svg>';

test('the measure itself: what is in sight, and which figures are empty', async ({ open, serve }) => {
  const pages = {
    'whole.html': chapter(figure(bars), '<label data-param="a"><input></label><label data-param="b" hidden><input></label>', '<h1>Four words, 1 number</h1><p class="visually-hidden">not these</p>'),
    'half.html': chapter(figure(bars, 'height: 300px'), '', '<div style="height: 500px"></div>'),
    'none.html': chapter(figure(bars), '', '<div style="height: 700px"></div>'),
    'bar.html': chapter(figure(bars, 'height: 650px'), '', '<div class="run-bar" style="position: fixed; inset: 585px 0 0">Train</div>'),
    'narrow.html': chapter(figure(bars).replace('<figure ', '<figure style="width: 50vw" ')),
    'empty.html': chapter(
      [
        '<svg><g class="axis"><line x2="9" y2="9" stroke="red"></line></g><text class="chart-empty" y="20">Curves appear here.</text></svg>',
        '<svg><rect class="frame" width="9" height="9"></rect></svg>',
        '<p class="cnn-empty">Press Train.</p>',
        '<canvas width="4" height="4"></canvas>',
        '<table><tr><th>Loss</th><td>–</td></tr></table>',
        '',
        // These are not empty.
        '<svg><line class="reference" x2="90" stroke="red"></line><text class="chart-empty" y="20">Curves appear here.</text></svg>',
        '<canvas width="4" height="4" data-paint></canvas>',
        '<table><tr><th>Loss</th><td>0.7</td></tr></table>',
        '<p>To be, or not to be</p>',
      ].map((body, index) => figure(body, 'height: 40px', `f${index}`)).join(''),
    ),
  };
  const site = await serve({ pages });
  const page = await open('whole.html', { from: site, ready: false, width: 1366, height: 650 });
  const at = async (name) => {
    await page.goto(`${site.url}${name}.html`);
    await page.evaluate(() => document.querySelector('[data-paint]')?.getContext('2d').fillRect(0, 0, 2, 2));
    return measure(page);
  };
  const whole = await at('whole');
  assert.deepEqual([whole.in_sight, whole.width, whole.height_in_sight, whole.controls, whole.words, whole.empty], [100, 100, 200, 1, 4, 0]);
  const half = await at('half');
  assert.deepEqual([half.in_sight, half.height_in_sight], [50, 150]);
  assert.deepEqual((await at('none')).in_sight, 0);
  const bar = await at('bar');
  assert.deepEqual([bar.in_sight, bar.height_in_sight, bar.words], [90, 585, 1]);
  assert.equal((await at('narrow')).width, 50);
  assert.deepEqual((await at('empty')).empty_names, ['f0', 'f1', 'f2', 'f3', 'f4', 'f5']);
});
