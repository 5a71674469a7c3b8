// The board of section 1: points drawn by mouse, finger and keyboard, and the networks that train on them.

import assert from 'node:assert/strict';
import { address, checkAccess, checkFits, expect, frames, metric, probed, shot, test, train, waitMetric } from './lib/test.mjs';

const own = (params = {}) => address('mlp/own', { device: 'cpu', dataset: 'drawn', ...params });
const board = (page) => page.locator('[data-board="canvas"]');
const button = (page, name) => page.locator(`.board-tools [data-board="${name}"]`);
const count = async (page) => Number(await board(page).getAttribute('data-points'));
const hasPoints = (page, n) => expect(board(page)).toHaveAttribute('data-points', n instanceof RegExp ? n : String(n));
const said = (page) => page.locator('[data-board-said]');
const note = (page) => page.locator('.board-note').first();
const setting = (page, key) => page.evaluate((key) => new URLSearchParams(location.hash.split('?')[1]).get(key), key);

/** Returns the pixel of a position on the board, whose corners are at ±1.25. */
async function pixel(page, x, y) {
  await board(page).scrollIntoViewIfNeeded();
  const frame = await board(page).locator('.frame').boundingBox();
  const share = (value) => (value + 1.25) / 2.5;
  return [frame.x + share(x) * frame.width, frame.y + (1 - share(y)) * frame.height];
}

/** Presses at the first position, drags through the others and releases. */
async function stroke(page, positions) {
  const pixels = [];
  for (const [x, y] of positions) pixels.push(await pixel(page, x, y));
  await page.mouse.move(...pixels[0]);
  await page.mouse.down();
  for (const at of pixels.slice(1)) await page.mouse.move(...at, { steps: 3 });
  await page.mouse.up();
}

/** Returns positions around a heart, `size` times as large as one that fills the board. */
const heart = (size, n = 40) =>
  Array.from({ length: n + 1 }, (_, i) => {
    const t = (2 * Math.PI * i) / n;
    const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [(size * 16 * Math.sin(t)) / 15, (size * (y + 2)) / 15];
  });

test('a heart is drawn with the mouse, and the non-linear network learns it', async ({ open }) => {
  const page = await open(own({ steps: 600 }), { width: 1366, height: 650 });
  await expect(page.locator('.board-empty')).toContainText('Draw points of at least two classes');
  // What is missing is said next to the board, where nothing moves it.
  await probed(page);
  await expect(page.locator('[data-kind="error"]')).toHaveCount(0);
  for (const size of [0.15, 0.4]) await stroke(page, heart(size));
  const inside = await count(page);
  assert.ok(inside > 30 && inside < 90, `${inside} points`);
  await expect(note(page)).toContainText('Draw at least two points of each of two classes');
  await page.locator('[data-class="1"]').click();
  await stroke(page, heart(0.95));
  const all = await count(page);
  assert.ok(all > inside + 40 && all <= 200, `${all} points`);
  await expect(note(page)).toContainText(`${all} points: ${inside} A, ${all - inside} B`);
  await page.waitForURL(/points=/);
  await probed(page);
  await expect(page.locator('.board-main .hollow').first()).toBeVisible();
  const before = await page.locator('.board-main canvas').evaluate((canvas) => canvas.toDataURL());
  await shot(page, 'board-heart-before');
  await train(page, []);
  const [linear, nonlinear] = [await metric(page, 'accuracy_linear'), await metric(page, 'accuracy_activated')];
  assert.ok(nonlinear > 0.8 && nonlinear >= linear, `accuracies: ${linear} and ${nonlinear}`);
  const after = await page.locator('.board-main canvas').evaluate((canvas) => canvas.toDataURL());
  assert.notEqual(after, before);
  await shot(page, 'board-heart-after');
});

test('tools: pencil, move, eraser, undo, redo and clear', async ({ open }) => {
  const page = await open(own());
  await probed(page);
  await button(page, 'p').click();
  await stroke(page, [[0.5, 0.5]]);
  await stroke(page, [[-0.5, -0.5], [-0.25, -0.5]]);
  await hasPoints(page, 2);
  await expect(said(page)).toContainText(/Point 2 of class A at −0.2[4-6], −0.(49|5)/);
  await button(page, 'm').click();
  await stroke(page, [[0.5, 0.5], [1, 1]]);
  await expect(said(page)).toContainText(/Point 1 of class A at (0.99|1.0\d), (0.99|1.0\d)/);
  await button(page, 'e').click();
  await stroke(page, [[0.9, 1], [1.1, 1]]);
  await hasPoints(page, 1);
  for (const n of [2, 2, 1, 0]) {
    await button(page, 'undo').click();
    await hasPoints(page, n);
  }
  await expect(button(page, 'undo')).toBeDisabled();
  for (const n of [1, 2]) {
    await board(page).press('Control+y');
    await hasPoints(page, n);
  }
  await button(page, 'clear').click();
  await hasPoints(page, 0);
  await board(page).press('Control+z');
  await hasPoints(page, 2);
  // The brush is one step.
  await button(page, 'b').click();
  await stroke(page, [[-1, 0], [1, 0]]);
  await hasPoints(page, /^3\d$/);
  await board(page).press('Control+z');
  await hasPoints(page, 2);
});

test('everything can be done by key, and is said', async ({ open }) => {
  const page = await open(own());
  await board(page).focus();
  await page.keyboard.press('p');
  await page.keyboard.press('ArrowRight');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(said(page)).toHaveText('Point 1 of class A at 0.50, 0.05');
  await page.keyboard.press('3');
  await expect(said(page)).toHaveText('Class C');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Space');
  await expect(said(page)).toHaveText('Point 1 of class C at 0.25, 0.05');
  await page.keyboard.press('m');
  await page.keyboard.press('Enter');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Enter');
  await expect(said(page)).toHaveText('Point 1 of class C at 0.25, −0.45');
  await page.keyboard.press('Delete');
  await hasPoints(page, 1);
  await page.keyboard.press('Control+z');
  await hasPoints(page, 2);
  await page.keyboard.press('b');
  await page.keyboard.press('Enter');
  await hasPoints(page, 7);
  await page.keyboard.press('Escape');
  await checkAccess(page, 'the board', '.mlp-board');
});

test('a link opens with the same points, and Back undoes a stroke', async ({ open }) => {
  const page = await open(own());
  await stroke(page, [[-1, 0.5], [0, 0.5]]);
  await page.waitForURL(/points=/);
  const first = await setting(page, 'points');
  await page.locator('[data-class="1"]').click();
  await stroke(page, [[-1, -0.5], [0, -0.5]]);
  await page.waitForURL((url) => !url.hash.endsWith(first) && url.hash.includes('.'));
  const points = await setting(page, 'points');
  const n = await count(page);
  assert.equal(points.length, 4 * n + 1);
  const path = await page.locator('.board-main .board-dot').evaluateAll((paths) => paths.map((path) => path.getAttribute('d').length));
  const other = await open(own({ points }));
  await hasPoints(other, n);
  assert.equal(await setting(other, 'points'), points);
  assert.ok(path.length >= 2);
  await page.goBack();
  await expect.poll(() => setting(page, 'points')).toBe(first);
  await hasPoints(page, first.length / 4);
});

test('damaged points in a link are ignored with a message', async ({ open }) => {
  const page = await open(own({ points: '<b>AAAA' }));
  await hasPoints(page, 0);
  await expect(page.locator('.panel')).toContainText('was ignored: it is not the text of drawn points');
  const many = await open(own({ points: 'AAAA'.repeat(201) }));
  await hasPoints(many, 0);
  await expect(many.locator('.panel')).toContainText('it has 201 points, and a link holds at most 200');
});

test('a built-in set becomes the user’s with the first stroke, and undo returns to it', async ({ open }) => {
  const page = await open(own({ dataset: 'moons' }));
  await hasPoints(page, 100);
  await expect(note(page)).toContainText('100 points of a built-in set');
  await stroke(page, [[1.1, -1.1], [1.1, -0.9]]);
  const n = await count(page);
  assert.ok(n > 100 && n < 110, `${n} points`);
  await expect.poll(() => setting(page, 'dataset')).toBe('drawn');
  await button(page, 'undo').click();
  await hasPoints(page, 100);
  await page.locator('.board-start summary').click();
  await page.locator('[data-start="circles"]').click();
  await expect.poll(() => setting(page, 'dataset')).toBe('circles');
  await hasPoints(page, 100);
  // Undo goes back from the built-in set to the points that were drawn.
  await button(page, 'undo').click();
  await expect.poll(() => setting(page, 'dataset')).toBe('drawn');
});

test('more points than a link holds stay on the board, and can be saved', async ({ open }) => {
  const page = await open(own());
  for (let row = -4; row <= 2; row += 2) await stroke(page, [[-1.2, row / 4], [1.2, row / 4]]);
  await expect.poll(() => count(page)).toBeGreaterThan(150);
  // The address follows after a moment.
  await expect.poll(async () => (await setting(page, 'points'))?.length).toBe(4 * (await count(page)));
  const kept = await setting(page, 'points');
  await page.locator('[data-class="1"]').click();
  await stroke(page, [[-1.2, 0.25], [1.2, 0.25]]);
  const n = await count(page);
  assert.ok(n > 200, `${n} points`);
  await expect(note(page)).toContainText(`The link holds 200 points, and these are ${n}`);
  await frames(page, 60);
  assert.equal(await setting(page, 'points'), kept);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-board="save"]').click()]);
  assert.equal(download.suggestedFilename(), 'nn-lab-points.csv');
  await button(page, 'undo').click();
  await expect(note(page)).not.toContainText('The link holds');
});

test('a curve is drawn, and both networks follow it as lines', async ({ open }) => {
  const page = await open(own({ dataset: 'curve', steps: 400 }));
  await expect(page.locator('.board-classes')).toHaveCount(0);
  await stroke(page, Array.from({ length: 25 }, (_, i) => [i / 10 - 1.2, 0.8 * Math.sin(i / 4)]));
  await page.waitForURL(/points=/);
  await probed(page);
  await expect(page.locator('[data-curve]')).toHaveCount(2);
  const before = await page.locator('[data-curve="activated"]').getAttribute('d');
  await train(page, []);
  assert.notEqual(await page.locator('[data-curve="activated"]').getAttribute('d'), before);
  await waitMetric(page, 'loss_activated', (loss) => loss < 0.2);
  await shot(page, 'board-curve');
});

test('six classes, and a finger', async ({ open }) => {
  const page = await open(own({ steps: 300 }));
  for (let class_ = 2; class_ < 6; class_++) await button(page, 'add-class').click();
  await expect(button(page, 'add-class')).toHaveCount(0);
  for (let class_ = 0; class_ < 6; class_++) {
    await page.locator(`[data-class="${class_}"]`).click();
    const angle = (class_ * Math.PI) / 3;
    const [x, y] = [0.8 * Math.cos(angle), 0.8 * Math.sin(angle)];
    await stroke(page, [[x - 0.2, y], [x + 0.2, y], [x - 0.2, y + 0.1]]);
  }
  await page.waitForURL(/points=/);
  await train(page, []);
  assert.ok((await metric(page, 'accuracy_activated')) > 0.7);
  await shot(page, 'board-six');
  // A finger draws, too: the events of a touch are pointer events.
  const before = await count(page);
  const [x, y] = await pixel(page, 0, 0);
  await page.evaluate(([x, y]) => {
    const canvas = document.querySelector('[data-board="canvas"]');
    const touch = (type, dx) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, isPrimary: true, pointerType: 'touch', pointerId: 7, clientX: x + dx, clientY: y }));
    touch('pointerdown', 0);
    for (let dx = 10; dx < 100; dx += 10) touch('pointermove', dx);
    touch('pointerup', 100);
  }, [x, y]);
  await frames(page, 4);
  assert.ok((await count(page)) > before + 3);
  assert.equal(await board(page).evaluate((canvas) => getComputedStyle(canvas).touchAction), 'none');
});

test('a table is shown in its plane and cannot be drawn on', async ({ open }) => {
  const page = await open(own({ dataset: 'own' }), { ready: true, allow: [/./] });
  await expect(page.locator('.board-empty')).toContainText('No table is open yet');
  await expect(button(page, 'p')).toBeDisabled();
  await stroke(page, [[0, 0], [0.5, 0.5]]);
  await hasPoints(page, 0);
});

for (const [width, height] of [[1366, 650], [390, 844]]) {
  test(`it fits ${width} x ${height}, light and dark`, async ({ open }) => {
    for (const theme of ['light', 'dark']) {
      const page = await open(own({ dataset: 'moons' }), { width, height, theme });
      await hasPoints(page, 100);
      await probed(page);
      await checkFits(page);
      await shot(page, `board-${width}-${theme}`);
    }
  });
}
