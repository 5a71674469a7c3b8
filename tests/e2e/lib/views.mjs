// A chapter's first view: what a reader sees before scrolling and before training, and what moves during a run.
// `./lab bench views` prints it for every chapter, and views.test.mjs holds every chapter to the targets.

import { frames, openPage, probed, theSite, waitState } from './browser.mjs';

/** A laptop's page under its browser's own bars, and a phone. */
export const SIZES = { laptop: { width: 1366, height: 650 }, phone: { width: 390, height: 844 } };

/** The first view must meet these: `min` and `max` bound the number, both included. */
export const TARGETS = {
  in_sight: { min: 95, unit: '%', what: 'the share of the main figure that is in sight' },
  width: { min: 60, unit: '%', what: 'the width of the main figure, of the content’s' },
  controls: { max: 5, unit: '', what: 'settings in sight' },
  words: { max: 160, unit: '', what: 'words outside figures' },
  empty: { max: 0, unit: '', what: 'empty figures' },
  phone: { min: 250, unit: ' px', what: 'the height of the main figure in sight on a phone' },
  shift: { max: 0, unit: '', what: 'the layout shift during a run' },
};

/** Returns the targets that a view misses, by name. A number that was not measured meets its target. */
export function missed(view) {
  // A small figure that is in sight as a whole cannot have more pixels in sight.
  const meets = (name, { min = -Infinity, max = Infinity }) => view[name] <= max && (view[name] >= min || (name === 'phone' && view.phone >= view.phone_height - 1));
  return Object.entries(TARGETS).filter(([name, bounds]) => name in view && !meets(name, bounds)).map(([name]) => name);
}

/**
 * Runs in the page and measures its first view. The main figure is all figures on the stage, without their captions, and
 * pictures that are linked with one (`data-figure-part`). It is
 * in sight where it is inside the window and not under the run bar.
 */
function look() {
  const isShown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const bar = document.querySelector('.run-bar');
  const isFixed = bar && isShown(bar) && getComputedStyle(bar).position === 'fixed';
  const bottom = isFixed ? bar.getBoundingClientRect().top : innerHeight;
  const round = (number) => Math.round(10 * number) / 10;

  const boxes = [...document.querySelectorAll('.stage :is(.figure, [data-figure-part])')].filter(isShown).map((figure) => {
    const { left, right, top, bottom } = figure.getBoundingClientRect();
    const caption = figure.querySelector(':scope > figcaption');
    return { left, right, top, bottom: caption ? caption.getBoundingClientRect().top : bottom };
  });
  const inside = (box) => ({ left: Math.max(box.left, 0), right: Math.min(box.right, innerWidth), top: Math.max(box.top, 0), bottom: Math.min(box.bottom, bottom) });
  const area = ({ left, right, top, bottom }) => Math.max(0, right - left) * Math.max(0, bottom - top);
  const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const whole = sum(boxes.map(area));
  // Figures side by side share their height.
  let [heightInSight, reached] = [0, 0];
  for (const { top, bottom } of boxes.map(inside).sort((a, b) => a.top - b.top)) {
    heightInSight += Math.max(0, bottom - Math.max(top, reached));
    reached = Math.max(reached, bottom);
  }
  const content = document.querySelector('[data-panel]').getBoundingClientRect();

  // Words in sight that belong to no figure. Numbers count, marks of punctuation do not.
  let words = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.data.trim() || text.parentElement.closest('.figure, [data-figure-part], .visually-hidden, script, style, option') || !isShown(text.parentElement)) continue;
    for (const { 0: word, index } of text.data.matchAll(/\S*[\p{L}\p{N}]\S*/gu)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const box = range.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const isOver = isFixed && bar.contains(text);
      if (box.width > 0 && x > 0 && x < innerWidth && y > 0 && y < (isOver ? innerHeight : bottom)) words += 1;
    }
  }

  // A mark is a shape that data draw, or a baseline: no axis, grid, frame, cursor or target of the pointer.
  const isMark = (shape) => {
    if (shape.closest('.axis, .grid, .axis-line, .tick-line, .frame, .cursor, defs') || !isShown(shape)) return false;
    // A dot is a line of no length with round ends.
    if (shape.matches('.dots')) return true;
    const { width, height } = shape.getBoundingClientRect();
    const { fill, stroke } = getComputedStyle(shape);
    return (width > 0 || height > 0) && (shape.localName === 'image' || !/^(none|rgba\(0, 0, 0, 0\))$/.test(fill) || stroke !== 'none');
  };
  const hasMarks = (picture) => [...picture.querySelectorAll('path, rect, circle, ellipse, polygon, polyline, line, image')].some(isMark);
  const isPainted = (canvas) => {
    if (!canvas.width || !canvas.height) return false;
    return canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data.some((value, at) => at % 4 === 3 && value > 0) ?? true;
  };
  // A figure is empty if a message takes the place of a picture, or if it has nothing: no mark, painted canvas, image,
  // formula, text or number. A chart with a message next to a baseline is not empty, one with only axes is.
  const isEmpty = (figure) => {
    const body = figure.querySelector('.figure-body');
    const parts = (selector) => [...body.querySelectorAll(selector)].filter(isShown);
    const messages = parts('[class$="-empty"], [class*="-empty "]');
    if (messages.some((message) => !message.ownerSVGElement || !hasMarks(message.ownerSVGElement))) return true;
    const cells = parts('td').map((cell) => cell.innerText.trim()).filter((text) => !['', '–', '…'].includes(text));
    const isText = !parts('svg, canvas, table').length && (body.innerText.trim() || parts('input, textarea, math').length);
    return !parts('svg').some(hasMarks) && !parts('canvas').some(isPainted) && !parts('img').some((image) => image.naturalWidth) && !cells.length && !isText;
  };
  const figures = [...document.querySelectorAll('.chapter .figure')].filter(isShown);
  const isInput = 'input, select, textarea, button';
  return {
    figures: figures.length,
    in_sight: whole ? round((100 * sum(boxes.map(inside).map(area))) / whole) : 0,
    width: boxes.length ? round((100 * (Math.max(...boxes.map(({ right }) => right)) - Math.min(...boxes.map(({ left }) => left)))) / content.width) : 0,
    height_in_sight: Math.round(heightInSight),
    height: boxes.length ? Math.round(Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top))) : 0,
    controls: [...document.querySelectorAll('.side [data-param]')].filter(isShown).length,
    inputs: [...document.querySelectorAll(`.stage :is(${isInput})`)].filter((node) => isShown(node) && !node.closest('.menu')).length,
    words,
    empty: figures.filter(isEmpty).length,
    empty_names: figures.filter(isEmpty).map((figure) => figure.dataset.figure),
  };
}

/** Measures the first view of the open chapter. */
export const measure = (page) => page.evaluate(look);

/** Runs in the page before anything else, and adds up how far visible parts of the page move without being scrolled. */
export const watchShifts = () => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const name = ({ node }) => (node?.parentElement ? `${node.localName ?? node.parentElement.localName}.${(node.closest ? node : node.parentElement).className.baseVal ?? (node.closest ? node : node.parentElement).className}` : 'an element that is gone');
      window.shifts.push({ value, moved: sources.map(name) });
    }
  }).observe({ type: 'layout-shift' });
};

/**
 * Trains for a moment on the open chapter, stops, and returns the layout shift and what moved. The buttons are pressed by a
 * script, because browsers do not count what moves within half a second after a click.
 */
export async function shiftWhileTraining(page, steps = 12) {
  const press = (action) => page.evaluate((action) => document.querySelector(`.run-controls [data-action="${action}"]`)?.click(), action);
  await press('reset');
  await waitState(page, 'idle');
  await frames(page, 6);
  await page.evaluate(() => (window.shifts.length = 0));
  await press('train');
  const trained = (steps) => document.querySelector('[data-metric="step"]').dataset.value >= steps || ['done', 'error'].includes(document.querySelector('[data-panel]').dataset.state);
  await page.waitForFunction(trained, steps, { timeout: 120_000 });
  await press('stop');
  await waitState(page, 'done', 60_000);
  await frames(page, 20);
  const shifts = await page.evaluate(() => window.shifts.splice(0));
  await press('reset');
  await waitState(page, 'idle');
  return { shift: Math.round(1e4 * shifts.reduce((sum, { value }) => sum + value, 0)) / 1e4, moved: [...new Set(shifts.flatMap(({ moved }) => moved))].slice(0, 6) };
}

/** Opens a chapter in a page of its section, and waits until its untrained figures are drawn. */
export async function openChapter(page, slug, chapter) {
  await page.evaluate((hash) => void (location.hash = hash), `#/${slug}/${chapter}?device=cpu`);
  await page.locator(`[data-chapter="${chapter}"]`).waitFor();
  await probed(page);
  await page.evaluate(() => scrollTo(0, 0));
  // Charts are measured and drawn a few frames after their data are there.
  await frames(page, 10);
}

/**
 * Measures the chapters of a section that have a figure, at both sizes or the given ones, and returns one view per chapter. With
 * `train`, each chapter also trains for a moment, which measures what moves. `visit(page, chapter, size)` is called when a
 * chapter has been measured at a size.
 */
export async function viewsOf(slug, { train = false, visit = async () => {}, sizes = Object.keys(SIZES), complaints = [] } = {}) {
  const views = new Map();
  for (const size of sizes) {
    const page = await openPage(`#/${slug}?device=cpu`, { ...SIZES[size], init: watchShifts }, complaints);
    await probed(page);
    const chapters = await page.locator('.tabs [data-action="chapter"]').evaluateAll((links) => links.map((link) => link.dataset.to));
    for (const chapter of chapters) {
      await openChapter(page, slug, chapter);
      if (!(await page.locator(`[data-chapter="${chapter}"] .chapter-body .figure`).count())) continue;
      const { height_in_sight, ...view } = await measure(page);
      if (size === 'laptop') views.set(chapter, { section: slug, chapter, ...view });
      else Object.assign(views.get(chapter), { phone: height_in_sight, phone_height: view.height, phone_empty: view.empty });
      await visit(page, chapter, size);
      if (train && size === 'laptop') Object.assign(views.get(chapter), await shiftWhileTraining(page));
    }
    await page.context().close();
  }
  return [...views.values()];
}

/** The maximum heights in a frame of 640 pixels: of a single figure with its settings, and of an experiment. */
export const MAX_HEIGHTS = { figure: 480, experiment: 620 };

/**
 * Drawings of several parts, and experiments with such a drawing, that are taller at 640 pixels than they should be, with the
 * height that they may have until they are smaller.
 */
export const TALL = {
  mlp: { board: 590, 'circles-three': 820, 'circles-two': 820, 'deep-sigmoid': 690, matrices: 650, network: 660, 'xor-two': 820 },
  cnn: { 'few-pictures': 1100, 'inside-conv': 510, 'inside-separable': 510, kernel: 910, 'one-pixel': 1290, 'output-size': 610, 'pooling-windows': 1170, 'shifted-maps': 800 },
  resnet: { block: 750, 'block-gradients': 630, 'loss-without-gradient': 710 },
  attention: { 'eight-heads': 2450, order: 890, 'plain-descent-pace': 710, query: 860, 'small-weights-start': 1280, 'task-maps': 580, 'two-look-ups-one-head': 1020 },
  transformer: { attention: 900, block: 860, 'mask-map': 540, 'next-token': 1080, 'one-layer-copy': 1160, samples: 570, 'tied-copy': 1270, 'two-layer-copy': 1270 },
};

/**
 * Measures every main figure and every experiment of a section alone in a frame of 640 pixels, untrained, and returns their
 * heights.
 */
export async function embedsOf(slug, complaints = []) {
  const page = await openPage(`#/${slug}?device=cpu`, { width: 1280 }, complaints);
  await probed(page);
  const chapters = await page.locator('.tabs [data-action="chapter"]').evaluateAll((links) => links.map((link) => link.dataset.to));
  const experiments = await page.locator('[data-action="experiment"]').evaluateAll((links) => links.map((link) => link.dataset.to));
  const shown = experiments.map((name) => ({ section: slug, kind: 'experiment', name }));
  for (const chapter of chapters) {
    await openChapter(page, slug, chapter);
    const figures = await page.locator('.stage .figure').evaluateAll((all) => all.map((figure) => figure.dataset.figure));
    shown.unshift(...figures.map((name) => ({ section: slug, kind: 'figure', chapter, name })));
  }
  await page.setViewportSize({ width: 640, height: 800 });
  for (const one of shown) {
    await page.goto('about:blank');
    await page.goto(`${(await theSite()).url}#/${slug}?embed=1&device=cpu&show=${one.name}`);
    await page.locator('[data-picked]').waitFor();
    await probed(page);
    await frames(page, 12);
    const parts = await page.evaluate(() => {
      const height = (selector) => Math.round([...document.querySelectorAll(selector)].filter((node) => node.checkVisibility()).reduce((sum, node) => sum + node.getBoundingClientRect().height, 0));
      return { height: height('main'), run: height('.run-controls'), card: height('.experiment'), figure: height('.figure'), settings: height('.side .controls'), others: height('.side > :not(.controls, .experiment, .question)') };
    });
    Object.assign(one, parts);
  }
  await page.context().close();
  return shown;
}
