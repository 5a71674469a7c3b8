// Pages on paper and on the smallest screens, and figures as pictures and files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, expect, probed, sections, test, train, waitState } from './lib/test.mjs';

// Browsers lay a page out anew for paper without telling its ResizeObservers. The test does the same.
const freeze = () => {
  const Observer = window.ResizeObserver;
  window.ResizeObserver = class extends Observer {
    constructor(callback) {
      super((...args) => window.frozen || callback(...args));
    }
  };
};

/** Returns the distances in pixels between the cells of each heatmap and its frame. */
const shifts = () =>
  [...document.querySelectorAll('.heatmap-body')].filter((body) => body.checkVisibility() && body.querySelector('canvas')).map((body) => {
    const [cells, frame] = [body.querySelector('canvas'), body.querySelector('.frame')].map((part) => part.getBoundingClientRect());
    return Math.max(...['left', 'top', 'right', 'bottom'].map((side) => Math.abs(cells[side] - frame[side])));
  });

test('on paper, cells stay between their axes, and the page has its question, settings and numbers', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20, width: 7, theme: 'dark' }), { init: freeze });
  await train(page, ['loss_activated']);
  assert.ok((await page.evaluate(shifts)).every((shift) => shift < 1.5));
  await page.evaluate(() => (window.frozen = true));
  await page.setViewportSize({ width: 690, height: 1000 });
  await page.emulateMedia({ media: 'print' });
  const moved = await page.evaluate(shifts);
  assert.ok(moved.length >= 2);
  assert.ok(moved.every((shift) => shift < 1.5), `${moved} px`);
  // A chart that was measured for the screen fits on paper.
  const wide = await page.locator('.chart-svg:visible').evaluateAll((charts) => charts.filter((chart) => chart.getBoundingClientRect().right > innerWidth + 1).length);
  assert.equal(wide, 0);
  for (const shown of ['.chapter-title', '[data-print="settings"]', '[data-metric="loss_activated"]']) await expect(page.locator(shown).first()).toBeVisible();
  assert.match(await page.locator('[data-print="settings"]').innerText(), /Width: 7;[^]*#\/mlp/);
  for (const hidden of ['nav', 'button', 'input', 'select', 'summary']) await expect(page.locator(`.shell ${hidden}:visible`)).toHaveCount(0);
  const [paper, breaks] = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, [...document.querySelectorAll('.figure')].map((figure) => getComputedStyle(figure).breakInside)]);
  assert.equal(paper, 'rgb(255, 255, 255)', 'paper is white, whatever the theme');
  assert.ok(breaks.length && breaks.every((value) => value === 'avoid'));
});

/** Returns the pairs of numbers in the run's controls that overlap or leave the window. */
const collisions = () => {
  const seen = [...document.querySelectorAll('.run-controls output, .run-words')].filter((part) => part.checkVisibility() && part.textContent);
  const boxes = seen.map((part) => {
    const range = document.createRange();
    range.selectNodeContents(part);
    // A text that is cut off with an ellipsis takes no more than its element.
    const [text, own] = [range.getBoundingClientRect(), part.getBoundingClientRect()];
    // On a phone, the bar at the bottom covers what scrolls under it.
    const layer = getComputedStyle(part.closest('.run-bar') ?? part).position;
    return { layer, name: part.textContent, left: text.left, right: Math.min(text.right, Math.max(own.right, own.left)), top: text.top, bottom: text.bottom };
  });
  const clash = (a, b) => (a.layer === 'fixed') === (b.layer === 'fixed') && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const pairs = boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) => clash(a, b)).map((b) => `${a.name} / ${b.name}`));
  return [...pairs, ...boxes.filter(({ left, right }) => left < 0 || right > innerWidth).map(({ name }) => name)];
};

// A phone of 320 px, and a page at 400% zoom on a screen of 1280 x 1024.
for (const [width, height] of [[320, 568], [320, 256]]) {
  for (const slug of sections) {
    test(`at ${width} x ${height}, the run bar of ${slug} leaves two thirds of the height`, async ({ open }) => {
      const page = await open(address(slug, { device: 'cpu', steps: 12_000 }), { width, height });
      await probed(page);
      const bar = await page.locator('.run-bar').evaluate((bar) => bar.getBoundingClientRect());
      assert.ok(bar.height > 30 && bar.height <= height / 3, `${bar.height} px`);
      assert.ok(bar.right <= width && bar.bottom <= height);
      assert.deepEqual(await page.evaluate(collisions), []);
    });
  }
}

test('at 320 px, no number of a run meets another', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 12_000, seeds: 3 }), { width: 320, height: 568 });
  await act(page, 'train');
  await page.waitForFunction(() => document.querySelector('[data-metric="step"]').dataset.value >= 20);
  assert.deepEqual(await page.evaluate(collisions), []);
  const bar = await page.locator('.run-bar').evaluate((bar) => bar.getBoundingClientRect().height);
  assert.ok(bar <= 568 / 3, `${bar} px`);
  await act(page, 'stop');
  await waitState(page, 'done');
});

/** Returns the text of the file that an entry of a figure's menu saves. */
async function saved(page, name, kind) {
  const figure = page.locator(`[data-figure="${name}"]`);
  await figure.locator('summary').first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), figure.locator(`[data-export="${kind}"]`).click()]);
  return readFileSync(await download.path(), 'utf8');
}

test('a picture is light in the dark theme, and shows its whole title', async ({ open }) => {
  const page = await open(address('mlp/boundary', { device: 'cpu', steps: 20, theme: 'dark' }));
  await train(page, ['loss_activated']);
  const dark = await page.evaluate(() => getComputedStyle(document.querySelector('.figure')).backgroundColor);
  const svg = await saved(page, 'boundary-activated', 'svg');
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.figure')).backgroundColor), dark, 'the page keeps its theme');
  // The lab's policy allows no inline styles, so the picture is shown on a page of its own.
  const viewer = await page.context().newPage();
  await viewer.setContent(`<body>${svg}</body>`);
  const { fill, ink, tooWide, title } = await viewer.evaluate(() => {
    const picture = document.querySelector('svg');
    const { width } = picture.viewBox.baseVal;
    const lines = [...picture.querySelectorAll(':scope > text')];
    return {
      fill: picture.querySelector('rect').getAttribute('fill'),
      ink: picture.getAttribute('fill'),
      title: lines.filter((line) => line.getAttribute('font-weight')).map((line) => line.textContent).join(' '),
      tooWide: lines.filter((line) => line.getBBox().x + line.getBBox().width > width).map((line) => line.textContent),
    };
  });
  assert.deepEqual([fill, ink], ['rgb(252, 252, 250)', 'rgb(28, 33, 39)']);
  assert.deepEqual(tooWide, []);
  assert.equal(title, await page.locator('[data-figure="boundary-activated"] h2').innerText());
});

test('the file of a map over the plane has coordinates', async ({ open }) => {
  const page = await open(address('mlp/boundary', { device: 'cpu', steps: 20 }));
  await train(page, ['loss_activated']);
  const [head, first] = (await saved(page, 'boundary-activated', 'csv')).split('\r\n').map((line) => line.split(','));
  const [columns, row] = [head.slice(1, -1).map(Number), Number(first[0])];
  assert.ok(columns.every((x, index) => Number.isFinite(x) && (index === 0 || x > columns[index - 1])), head.join());
  assert.ok(Math.abs(columns[0] + columns.at(-1)) < 1e-6 && columns[0] < -1, 'from one edge of the plane to the other');
  assert.equal(row, columns[0], 'the plane is square');
});
