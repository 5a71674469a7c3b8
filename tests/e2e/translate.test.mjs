// A page translator replaces the page's texts. The lab must survive it everywhere, and stay up to date.

import assert from 'node:assert/strict';
import { act, address, expect, probed, reveal, sections, setParam, test, waitMetric, waitState } from './lib/test.mjs';

/**
 * Runs in the page: translates it, and again after each change. Translated texts are in « ». Unlike a real translator it
 * also translates numbers and everything that is marked `translate="no"`. Elements with `keep` in them stay.
 */
function startTranslator({ kind, keep = '[data-metric]' }) {
  const SKIP = 'script, style, textarea, svg, math, font';
  const words = (text) => `«${text}»`;
  const isOpen = (node) => node.nodeType === 3 && node.data.trim() && !node.data.startsWith('«') && !node.parentNode.closest(SKIP);
  const font = (text) => {
    const outer = document.createElement('font');
    outer.appendChild(document.createElement('font')).append(words(text));
    return outer;
  };
  const hasControls = (element) => element.querySelector(`${keep}, input, select, button, textarea, a, summary, details, p, div, ul, ol, table, section, dialog, canvas, svg, math`);
  const kinds = {
    /** Chrome and Edge: each text becomes an element. */
    each(text) {
      text.parentNode.replaceChild(font(text.data), text);
    },
    /** Neighboring texts become one element. */
    joined(text) {
      const run = [text];
      while (run.at(-1).nextSibling?.nodeType === 3) run.push(run.at(-1).nextSibling);
      text.before(font(run.map((node) => node.data).join('')));
      for (const node of run) node.remove();
    },
    /** Firefox: an element gets new texts, and its child elements in the order of the other language. */
    reordered(text) {
      const children = [...text.parentNode.childNodes];
      const translated = children.map((node) => (isOpen(node) ? document.createTextNode(words(node.data)) : node));
      if (hasControls(text.parentNode)) text.replaceWith(words(text.data));
      else text.parentNode.replaceChildren(...translated.reverse());
    },
    /** Extensions: an element gets its translation as one text, without the elements in it. */
    flattened(text) {
      const parent = text.parentNode;
      if (hasControls(parent)) text.replaceWith(words(text.data));
      else parent.replaceChildren(font(parent.textContent.replace(/[«»]/g, '')));
    },
  };
  const open = (root) => {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (isOpen(walker.currentNode)) found.push(walker.currentNode);
    return found;
  };
  let timer;
  const translate = () => {
    timer = undefined;
    for (const text of open(document.body)) if (text.isConnected) kinds[kind](text);
  };
  new MutationObserver(() => (timer ??= setTimeout(translate, 100))).observe(document.body, { subtree: true, childList: true, characterData: true });
  translate();
  window.isTranslated = () => timer === undefined && !open(document.body).length;
}

/** Waits until a page is translated, if it has a translator. */
const translated = (page) => expect.poll(() => page.evaluate(() => window.isTranslated?.() ?? true), 'the page is translated').toBe(true);

/** Returns the page's texts, without the marks of a translation and without numbers. */
const texts = (page) =>
  page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      // Estimates and speeds depend on the machine.
      if (text.parentNode.closest('script, style, .run-numbers, .device-line, [data-cost], [data-sweep-words]')) continue;
      found.push(text.data.replace(/[^a-z ]/gi, '').trim());
    }
    return found.filter(Boolean);
  });

/**
 * Waits until both pages have the same texts: the same number of each letter, because a translator joins texts and
 * reorders them. If a text is lost, or an old one stays, the numbers differ.
 */
async function haveTheSameTexts(page, twin, when) {
  const letters = (list) => [...list.join('').replaceAll(' ', '')].sort().join('');
  const without = (list, other) => other.reduce((left, text) => (left.includes(text) ? left.toSpliced(left.indexOf(text), 1) : left), list);
  await expect(async () => {
    const [shown, wanted] = [await texts(page), await texts(twin)];
    if (letters(shown) !== letters(wanted)) {
      assert.fail(`${when}: only on the translated page: ${JSON.stringify(without(shown, wanted))}, only on the other: ${JSON.stringify(without(wanted, shown))}`);
    }
  }).toPass({ timeout: 15_000 });
}

/** Fails if a number that the page shows is not the number that it means. */
async function checkNumbers(page, when) {
  const wrong = await page.locator('[data-metric][data-value]').evaluateAll((all) =>
    all.flatMap((node) => {
      const shown = node.textContent.replace(/[«»,\s]/g, '').replace('−', '-');
      const [number, value] = [Number(shown), Number(node.dataset.value)];
      return Number.isNaN(number) || !Number.isFinite(value) || Math.abs(number - value) <= 0.06 * Math.abs(value) + 5e-3 ? [] : [`${node.dataset.metric}: ${shown}, not ${value}`];
    }),
  );
  assert.deepEqual(wrong, [], when);
}

/** Settings with which a run takes a moment. */
const SMALL = {
  mlp: { steps: 300, width: 8, sweep: 'width:2,4', measure: 'accuracy' },
  cnn: { n_train: 200, n_test: 50, epochs: 1, width: 2, sweep: 'width:1,2' },
  resnet: { depth: 8, steps: 4, batch_size: 4, sweep: 'depth:8,14' },
  rnn: { seq_len: 10, steps: 40, d_hidden: 8, sweep: 'd_hidden:4,8' },
  attention: { steps: 40, sweep: 'n_heads:1,2' },
  transformer: { layers: 1, heads: 2, d_model: 32, context: 32, batch_size: 4, steps: 20, warmup: 0, sample_length: 20, sweep: 'layers:1,2' },
};

/** What a visitor does in a section. Each starts where the one before it has ended. */
const ACTIONS = {
  async train(page) {
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
  },
  async 'reset, step, step, resume'(page) {
    await act(page, 'reset');
    await waitState(page, 'idle');
    await act(page, 'step');
    await waitState(page, 'paused');
    await waitMetric(page, 'step', (step) => step === 1);
    await act(page, 'step');
    await waitMetric(page, 'step', (step) => step === 2);
    await act(page, 'resume');
    await waitState(page, 'done', 60_000);
  },
  async chapters(page) {
    for (const link of await page.locator('[data-action="chapter"]').all()) {
      await link.click();
      await page.locator(`[data-chapter="${await link.getAttribute('data-to')}"]`).waitFor();
      await probed(page);
    }
    await page.locator('[data-action="chapter"]').first().click();
  },
  async 'sliders and menus'(page) {
    for (const slider of (await page.locator('[data-param] input[type="range"]:enabled:visible').all()).slice(0, 3)) {
      await slider.press('ArrowRight');
      await slider.press('ArrowLeft');
    }
    const menu = page.locator('[data-kind="choice"] select:enabled:visible').first();
    if (await menu.count()) {
      const before = await menu.inputValue();
      for (const value of await menu.locator('option').evaluateAll((all) => all.map((option) => option.value))) await menu.selectOption(value);
      await menu.selectOption(before);
    }
    await probed(page);
  },
  async share(page) {
    await page.locator('[data-action="share"]').first().click();
    const dialog = page.locator('.share-dialog');
    await dialog.waitFor();
    await dialog.locator('.share-more summary').click();
    await dialog.locator('[data-share="autoplay"] input').check();
    await page.locator('[data-action="close-share"]').click();
    await dialog.waitFor({ state: 'detached' });
  },
  async 'a sweep'(page) {
    await page.locator('[data-action="chapter"]').nth(-2).click();
    await page.locator('[data-action="sweep"]:enabled').first().click();
    await page.locator('[data-panel][data-sweep="done"]').waitFor({ timeout: 120_000 });
  },
  async 'an experiment'(page) {
    await reveal(page.locator('[data-action="experiment"]'));
    await page.locator('[data-action="experiment"]').first().click();
    const form = page.locator('[data-experiment] .guess-form');
    const choice = form.locator('[data-guess-input="choice"]');
    const number = form.locator('[data-guess-input="number"]');
    await form.waitFor();
    // A translation moves what is below it, and a click misses what moves.
    await translated(page);
    if (await choice.count()) await choice.first().check();
    else if (await number.count()) await number.fill('0.5');
    else await form.locator('[data-guess-input="curve"]').press('ArrowUp');
    await form.locator('[data-action="guess"]').click();
    await page.locator('[data-experiment-state="predicted"], [data-experiment-state="answered"]').waitFor();
    await page.locator('[data-action="close-experiment"]').first().click();
  },
  async 'another section, and back'(page) {
    const slug = await page.locator('[data-panel]').getAttribute('data-panel');
    const other = sections.find((name) => name !== slug);
    await page.locator(`nav a[href*="#/${other}"]`).click();
    await page.locator(`[data-panel="${other}"]`).waitFor();
    await probed(page);
    await page.locator(`nav a[href*="#/${slug}"]`).click();
    await page.locator(`[data-panel="${slug}"]`).waitFor();
    await probed(page);
  },
  async 'the theme and the device'(page) {
    await setParam(page, 'theme', 'dark');
    await setParam(page, 'device', 'auto');
    await setParam(page, 'device', 'cpu');
    await probed(page);
  },
};

/** Does everything in a section twice, with and without a translator, and compares the pages after each action. */
async function survives(open, slug, kind) {
  const hash = `#/${slug}?${new URLSearchParams({ device: 'cpu', ...SMALL[slug] })}`;
  const pages = [await open(hash), await open(hash)];
  const [page, twin] = pages;
  for (const each of pages) await probed(each);
  await page.evaluate(startTranslator, { kind });
  await translated(page);
  for (const [name, action] of Object.entries(ACTIONS)) {
    await test.step(name, async () => {
      for (const each of pages) await action(each);
      await translated(page);
      await checkNumbers(page, name);
      await haveTheSameTexts(page, twin, name);
    });
  }
}

test('mlp survives a translator that replaces texts by elements, in all that a visitor does', async ({ open }) => {
  await survives(open, 'mlp', 'each');
});

for (const slug of sections) {
  for (const kind of ['each', 'joined', 'reordered', 'flattened']) {
    if (slug === 'mlp' && kind === 'each') continue;
    test(`${slug} survives a translator of the kind "${kind}"`, { tag: '@long' }, async ({ open }) => {
      test.setTimeout(300_000);
      await survives(open, slug, kind);
    });
  }
}

for (const kind of ['each', 'flattened']) {
  test(`numbers keep changing on a translated page, also in a frame, with a translator of the kind "${kind}"`, async ({ open, serve, site }) => {
    const hash = address('mlp', { device: 'cpu', embed: 1, steps: 20_000 });
    const host = await serve({ pages: { 'index.html': `<!doctype html><html lang="en"><title>host</title><link rel="icon" href="data:,"><iframe width="900" height="900" sandbox="allow-scripts allow-same-origin" src="${site.url}${hash}"></iframe></html>` } });
    const page = await open('', { from: host, ready: false });
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await frame.locator('[data-panel][data-probe="idle"]').waitFor();
    await frame.evaluate(startTranslator, { kind, keep: 'nothing' });
    const shown = async () => Number(/Step\D*([\d,]+)/.exec(await frame.locator('.run-numbers').innerText())?.[1].replaceAll(',', ''));
    await frame.locator('[data-action="train"]').click();
    await frame.locator('[data-action="pause"]').waitFor();
    let last = 0;
    for (let i = 0; i < 5; i++) {
      await expect.poll(shown, 'the step on the page').toBeGreaterThan(last);
      last = await shown();
    }
    await frame.locator('[data-action="stop"]').click();
    await expect(frame.locator('[data-panel]')).toHaveAttribute('data-state', 'done');
    // The page shows the last step, once. This translator may have removed the element that has it as data.
    assert.equal((await frame.locator('.run-numbers').innerText()).match(/Step/g).length, 1);
    assert.ok((await shown()) >= last);
  });
}

test('data is marked, so that a translator leaves it alone', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20 }));
  await probed(page);
  const unmarked = await page.locator('svg, math, output, code, pre').evaluateAll((all) => all.filter((node) => !node.closest('[translate="no"]')).map((node) => node.outerHTML.slice(0, 100)));
  assert.deepEqual(unmarked, []);
  assert.ok((await page.locator('[translate="no"]').count()) > 20);
});
