// Chapters: the list of chapters, addresses that open one, and pages that show only some.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, checkAccess, checkFits, frames, probed, reveal, setParam, shot, state, test, waitState } from './lib/test.mjs';
import { choose, openDialog, showFigures, snippet } from './lib/share.mjs';

/**
 * Every section's chapters and their figures, from docs/embedding-lists.md, which a native test compares with the code.
 */
const sections = {};
for (const part of readFileSync(new URL('../../docs/embedding-lists.md', import.meta.url), 'utf8').split('\n## `').slice(1)) {
  const slug = part.slice(0, part.indexOf('`'));
  const rows = part.slice(part.indexOf('| Chapter |')).split('\n\n')[0].split('\n').slice(2).filter((line) => line.startsWith('| `'));
  sections[slug] = rows.map((row) => {
    const [, name, title, figures] = row.split('|').map((cell) => cell.trim());
    return { name: name.replaceAll('`', ''), title, figures: [...figures.matchAll(/`([^`]+)`/g)].map((match) => match[1]) };
  });
}
/** Settings for a run of a few seconds. */
const SMALL = {
  mlp: { steps: 60 },
  cnn: { n_train: 60, n_test: 40, epochs: 1, width: 2 },
  resnet: { steps: 3, depth: 8, batch_size: 8, n_seeds: 1 },
  rnn: { steps: 6, seq_len: 20 },
  attention: { steps: 10 },
  transformer: { preset: 'first-look', steps: 20, context: 16, sample_length: 20 },
};
/**
 * Runs in the page: returns the elements that cross its left or right edge and cannot be scrolled into view.
 */
function cutOff() {
  const scrolls = (node) => node && (getComputedStyle(node).overflowX !== 'visible' || scrolls(node.parentElement));
  const found = document.documentElement.scrollWidth > innerWidth ? ['the page'] : [];
  for (const node of document.querySelectorAll('.shell *:not(svg *, math *)')) {
    const { left, right, width, height } = node.getBoundingClientRect();
    const shown = width > 1 && height > 1 && node.checkVisibility() && !node.closest('.visually-hidden, [hidden]');
    if (shown && (left < -1 || right > innerWidth + 1) && !scrolls(node.parentElement)) {
      found.push(`${node.tagName}.${node.className} from ${Math.round(left)} to ${Math.round(right)}`);
    }
  }
  return found.slice(0, 5);
}

const chapter = '.chapter[data-chapter]';
const openChapters = (page) => page.locator(chapter).evaluateAll((list) => list.map((node) => node.dataset.chapter));
const drawn = (page) => page.locator('.figure[data-figure]').evaluateAll((list) => list.map((node) => node.dataset.figure));

assert.equal(Object.keys(sections).length, 6);

for (const [slug, chapters] of Object.entries(sections)) {
  // In the daily tests two sections stand for all of them.
  test(`${slug}: every chapter is short, accessible, one click away, and has the documented figures`, { tag: ['mlp', 'transformer'].includes(slug) ? [] : '@long' }, async ({ open }) => {
    test.setTimeout(180_000);
    const page = await open(`#/${slug}?${new URLSearchParams({ ...SMALL[slug], device: 'cpu' })}`);
    await probed(page);
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    assert.ok(chapters.length >= 3 && chapters.length <= 12);
    for (const { name, title, figures } of chapters) {
      await page.locator(`[data-action="chapter"][data-to="${name}"]`).click();
      await page.locator(`[data-chapter="${name}"]`).waitFor();
      assert.deepEqual(await openChapters(page), [name]);
      // Figures of sweeps and comparisons appear only on request.
      const listed = figures.filter((figure) => !['sweep', 'compare-runs'].includes(figure));
      assert.deepEqual((await drawn(page)).sort(), listed.sort());
      // The question is the only title of the page.
      assert.deepEqual(await page.locator('h1').allInnerTexts(), [title]);
      assert.equal(await page.locator(`[data-to="${name}"][aria-current="step"]`).getAttribute('title'), title);
      assert.match(page.url(), new RegExp(`#/${slug}/${name}\\?`));
      // The run stays in the next chapter, with everything that it measured.
      assert.equal(await state(page), 'done');
      await page.locator(`[data-to="${name}"][data-done]`).waitFor();
      if (name !== chapters[0].name) assert.equal(await page.evaluate(() => document.activeElement?.id), `chapter-${name}`);
      const height = await page.locator(chapter).evaluate((node) => node.getBoundingClientRect().height);
      // About two screens; some chapters have seven figures.
      assert.ok(height <= 2.5 * 900, `${name} is ${height} pixels high at 1280`);
      await checkAccess(page, name);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    for (const { name } of chapters) {
      await page.evaluate((hash) => (location.hash = hash), page.url().replace(/.*#\/(\w+)\/[\w-]+/, `/$1/${name}`));
      await page.locator(`[data-chapter="${name}"]`).waitFor();
      await frames(page, 4);
      const height = await page.locator(chapter).evaluate((node) => node.getBoundingClientRect().height);
      assert.ok(height <= 5.75 * 844, `${name} is ${height} pixels high at 390`);
      await checkFits(page, name);
    }
    await page.goBack();
    await page.locator(`[data-chapter="${chapters.at(-2).name}"]`).waitFor();
    // The page with all chapters has the same ones in the same order.
    await page.evaluate((hash) => (location.hash = hash), address(slug, { ...SMALL[slug], device: 'cpu' }));
    await page.waitForFunction((count) => document.querySelectorAll('.chapter[data-chapter]').length === count, chapters.length);
    assert.deepEqual(await openChapters(page), chapters.map(({ name }) => name));
  });

  test(`${slug}: every chapter fits at 200% and 400% zoom and on the narrowest phone, and is accessible in forced colors`, { tag: '@long' }, async ({ open }) => {
    const page = await open(`#/${slug}?${new URLSearchParams({ ...SMALL[slug], device: 'cpu' })}`);
    await probed(page);
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    // 200% zoom leaves half of 1280 x 900 pixels, and 400% zoom a quarter of 1280 x 1024.
    for (const [width, height] of [[640, 450], [360, 740], [320, 256]]) {
      await page.setViewportSize({ width, height });
      for (const { name } of chapters) {
        await page.evaluate((hash) => (location.hash = hash), `#/${slug}/${name}?${page.url().split('?')[1]}`);
        await page.locator(`[data-chapter="${name}"]`).waitFor();
        await frames(page, 4);
        assert.deepEqual(await page.evaluate(cutOff), [], `${name} at ${width} pixels`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ forcedColors: 'active' });
    for (const { name } of chapters) {
      await page.evaluate((hash) => (location.hash = hash), `#/${slug}/${name}?${page.url().split('?')[1]}`);
      await page.locator(`[data-chapter="${name}"]`).waitFor();
      await frames(page, 4);
      await checkAccess(page, `${name} in forced colors`);
      await shot(page, `forced-${slug}-${name}`);
    }
  });
}

test('an address without a chapter opens the first one, and an unknown chapter is reported', async ({ open }) => {
  const page = await open('#/attention?d_k=8&device=cpu');
  assert.deepEqual(await openChapters(page), ['weights']);
  assert.equal(await page.locator('[data-param="d_k"] input[role="spinbutton"]').inputValue(), '8');
  await page.evaluate(() => (location.hash = '#/attention/nosuch?d_k=8&device=cpu'));
  await page.getByText('There is no chapter “nosuch” in this section').waitFor();
  assert.deepEqual(await openChapters(page), ['weights']);
});

test('all chapters share the settings', async ({ open }) => {
  const page = await open('#/mlp/boundary?device=cpu');
  await setParam(page, 'depth', 5);
  await page.locator('[data-to="parameters"]').click();
  await page.locator('[data-chapter="parameters"]').waitFor();
  assert.equal(await page.locator('[data-param="depth"] input[role="spinbutton"]').inputValue(), '5');
  assert.match(page.url(), /depth=5/);
});

test('a single figure fits a small frame, with the controls and the button that it needs', { tag: '@long' }, async ({ open }) => {
  const page = await open('#/mlp?embed=1&device=cpu&steps=40&show=spectrum&hide=activation,bias,directions,n_probe,width,seeds,step,stop,reset', { width: 640, height: 480 });
  await probed(page);
  assert.deepEqual(await drawn(page), ['spectrum']);
  assert.equal(await page.locator('.control:visible').count(), 2);
  assert.equal(await page.locator('[data-action="share"], .tabs, .readouts').count() > 1, false);
  await shot(page, 'show-spectrum');
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height <= 480, `${height} pixels`);
});

test('chapters and figures are shown in the order of the page, and unknown names are reported', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&show=loss,parameters,nosuch');
  await probed(page);
  assert.deepEqual(await openChapters(page), ['boundary', 'parameters']);
  assert.deepEqual(await drawn(page), ['loss', 'matrices']);
  await page.getByText('There is no chapter, figure or experiment “nosuch” to show').waitFor();
  assert.equal(await page.locator('.tabs').count(), 0);
  // A setting has one control, even if several chapters need it.
  assert.equal(await page.locator('[data-param="depth"]').count(), 1);
});

test('a symbol shows its value and highlights its control, and vice versa', async ({ open }) => {
  const page = await open('#/attention/weights?device=cpu');
  await probed(page);
  const mark = (node) => node.evaluate((node) => getComputedStyle(node).backgroundColor);
  const [symbol, control] = ['[data-symbol="d_k"]', '.control[data-param="d_k"]'].map((it) => page.locator(it).first());
  const before = await mark(control);
  await symbol.hover();
  await page.locator('.symbol-tip', { hasText: '64' }).waitFor();
  assert.notEqual(await mark(control), before);
  await reveal(control);
  await control.hover();
  await page.locator('.symbol-tip').waitFor({ state: 'detached' });
  assert.equal(await mark(symbol), await mark(page.locator('[data-symbol="d_k"]').nth(1)));
  assert.notEqual(await mark(symbol), 'rgba(0, 0, 0, 0)');
  await symbol.focus();
  await page.locator('.symbol-tip', { hasText: '64' }).waitFor();
});

test('a link to a chapter opens that chapter, and so do the snippets', async ({ open }) => {
  const page = await open('#/mlp/collapse?device=cpu&depth=4');
  await probed(page);
  await page.locator('[data-action="share"]').click();
  const output = (tool, name) => snippet(page, tool, name);
  assert.match(await output('frame', 'iframe'), /#\/mlp\/collapse\?/);
  assert.match(await output('html', 'element'), /panel="mlp" chapter="collapse"/);
  const link = await output('link', 'link');
  assert.match(link, /#\/mlp\/collapse\?/);
  await page.goto(link);
  await page.locator('[data-chapter="collapse"]').waitFor();
  // If nothing is left to show, the list of chapters stays.
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu&show=nosuch'));
  await page.locator('.tabs').waitFor();
});

test('the share dialog offers chapters and figures to show, and a preview', { tag: '@long' }, async ({ open }) => {
  const page = await open('#/mlp/collapse?device=cpu&depth=4');
  await probed(page);
  await openDialog(page);
  await choose(page, 'chapter');
  assert.match(await snippet(page, 'link', 'link'), /#\/mlp\?.*depth=4.*&show=collapse/);
  await showFigures(page, ['spectrum', 'matrices']);
  assert.match(await snippet(page, 'link', 'link'), /#\/mlp\?.*depth=4.*&show=spectrum,matrices/);
  const preview = page.frameLocator('.share-preview iframe');
  for (const name of ['matrices', 'spectrum']) await preview.locator(`[data-figure="${name}"]`).waitFor();
  assert.equal(await preview.locator(chapter).count(), 2);
});
