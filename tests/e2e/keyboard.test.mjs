// The way of the keyboard through the frame, and the frame on phones, at 400% zoom and in forced colors.

import assert from 'node:assert/strict';
import { act, checkAccess, checkFits, expect, frames, probed, reveal, sections, shot, test, waitState } from './lib/test.mjs';

/** The parts of the page, in the order in which the keyboard reaches them. */
const PARTS = { header: '.shell > header', tabs: '.tabs', run: '.run-controls', stage: '.stage', side: '.side', below: '.below', next: '.next-chapter', footer: '.shell > footer' };

/** Runs in the page: returns the part that has the focus, and an element that covers the focused one. */
function focused(parts) {
  const node = document.activeElement;
  if (node === document.body) return undefined;
  const name = `${node.localName}.${node.className.baseVal ?? node.className} ${node.dataset.action ?? node.dataset.to ?? node.textContent.slice(0, 20)}`;
  const part = Object.keys(parts).find((key) => node.closest(parts[key]));
  // An element that scrolled under the run bar cannot be seen.
  const { left, right, top, bottom } = node.getBoundingClientRect();
  const bar = document.querySelector('.run-bar');
  const box = (getComputedStyle(bar).position === 'fixed' ? bar : document.querySelector('.run-controls')).getBoundingClientRect();
  const isUnder = !node.closest('.run-controls') && top >= box.top - 1 && bottom <= box.bottom + 1 && left < box.right && right > box.left;
  const isOutside = right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight;
  return { name, part, hidden: isUnder ? 'under the run bar' : isOutside ? 'outside of the window' : undefined };
}

/** Presses Tab until the focus leaves the page. Returns each element that had it. */
async function tabThrough(page, most = 250) {
  const found = [];
  await page.evaluate(() => document.body.focus());
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(focused, PARTS);
    if (!now) return found;
    found.push(now);
  }
  throw new Error(`after ${most} presses the focus is still on the page, at ${found.at(-1).name}`);
}

for (const [width, height] of [[1366, 650], [390, 844]]) {
  test(`at ${width} pixels, Tab follows the page: header, chapters, run bar, figure, settings, text; and the focus is in sight`, async ({ open }) => {
    const page = await open('#/mlp/boundary?device=cpu', { width, height });
    await probed(page);
    const found = await tabThrough(page);
    const parts = found.map(({ part }) => part).filter((part, index, all) => part !== all[index - 1]);
    assert.deepEqual(parts.filter((part) => part !== undefined && part !== 'below'), ['header', 'tabs', 'run', 'stage', 'side', 'next', 'footer'], JSON.stringify(found));
    assert.deepEqual(found.filter(({ hidden }) => hidden), []);
  });
}

test('Escape, a choice and a click elsewhere close a menu, and Escape returns the focus to its button', async ({ open }) => {
  const page = await open('#/mlp/boundary?device=cpu');
  await probed(page);
  for (const [name, inner] of [['.preferences', '[data-param="theme"] select'], ['.experiments .menu', '[data-action="experiment"]'], ['.stage .figure .menu', '[data-export="csv"]']]) {
    await test.step(name, async () => {
      const menu = page.locator(name).first();
      const [button, item] = [menu.locator('summary'), menu.locator(inner).first()];
      await button.focus();
      await page.keyboard.press('Enter');
      await item.waitFor();
      // The first thing in the menu is one press away.
      await page.keyboard.press('Tab');
      assert.ok(await menu.evaluate((menu) => menu.querySelector('.menu-items').contains(document.activeElement)));
      await page.keyboard.press('Escape');
      await item.waitFor({ state: 'hidden' });
      assert.ok(await button.evaluate((button) => button === document.activeElement));
      await button.click();
      await item.waitFor();
      await page.locator('h1').click();
      await item.waitFor({ state: 'hidden' });
    });
  }
  // An experiment that was chosen closes its menu, and the question can be answered.
  const link = page.locator('[data-action="experiment"]').first();
  await reveal(link);
  await link.click();
  await page.locator('[data-experiment-state="open"]').waitFor();
  await link.waitFor({ state: 'hidden' });
});

test('on a phone the current chapter and the current section are in sight', async ({ open }) => {
  const page = await open('#/mlp/runs?device=cpu', { width: 390, height: 844 });
  const inSight = (selector) => page.locator(selector).first().evaluate((link) => {
    const { left, right } = link.getBoundingClientRect();
    return left >= 0 && right <= innerWidth;
  });
  for (const slug of sections) {
    await page.goto('about:blank');
    await page.goBack();
    for (const chapter of ['runs', 'claims']) {
      await page.evaluate((hash) => void (location.hash = hash), `#/${slug}/${chapter}?device=cpu`);
      await page.locator(`[data-to="${chapter}"][aria-current]`).waitFor();
      await expect.poll(() => inSight('.tabs [aria-current]'), `${slug}/${chapter}: the tab`).toBe(true);
      await expect.poll(() => inSight('.shell > header [aria-current]'), `${slug}: the section`).toBe(true);
    }
    // The first one, too, after the last one.
    await page.locator('[data-action="chapter"]').first().click();
    await expect.poll(() => inSight('.tabs [aria-current]'), `${slug}: the first tab`).toBe(true);
  }
});

/** Runs in the page: returns interactive elements that cross the window's edge and cannot be scrolled into view. */
function outOfReach() {
  const scrolls = (node) => node && (/auto|scroll/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  return [...document.querySelectorAll('.shell :is(a, button, input, select, summary)')].filter((node) => {
    const { left, right, width } = node.getBoundingClientRect();
    return width > 1 && node.checkVisibility() && !node.closest('.visually-hidden') && (left < -1 || right > innerWidth + 1) && !scrolls(node.parentElement);
  }).map((node) => node.outerHTML.slice(0, 80));
}

// On a screen of 1280 x 1024, 400% zoom leaves 320 x 256 CSS pixels.
test('at 400% zoom everything can be reached: menus, the dialog, and an open question', async ({ open }) => {
  const page = await open('#/mlp/boundary?device=cpu&steps=40', { width: 320, height: 256 });
  await probed(page);
  const check = async (when) => {
    await frames(page, 4);
    await checkFits(page, when);
    assert.deepEqual(await page.evaluate(outOfReach), [], when);
  };
  await check('untrained');
  for (const name of ['.preferences', '.experiments .menu', '.stage .figure .menu']) {
    const menu = page.locator(name).first();
    await menu.locator('summary').click();
    const box = await menu.locator('.menu-items').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 320, `${name} reaches from ${box.x} to ${box.x + box.width}`);
    await page.keyboard.press('Escape');
  }
  await page.locator('[data-action="share"]').click();
  const dialog = await page.locator('.share-dialog').boundingBox();
  assert.ok(dialog.x >= 0 && dialog.x + dialog.width <= 320 && dialog.height <= 256);
  await page.locator('[data-action="close-share"]').click();
  await act(page, 'train');
  await waitState(page, 'done');
  await check('trained');
  await page.evaluate(() => void (location.hash = '#/mlp/boundary?device=cpu&steps=40&ask=Why%3F&ask_guess=number&ask_metric=loss_activated'));
  await page.locator('.question-text').waitFor();
  await check('a question');
});

test('in forced colors, what is chosen has an outline, and parts have edges', async ({ open }) => {
  const page = await open('#/mlp/boundary?device=cpu&preset=spirals');
  await probed(page);
  await page.emulateMedia({ forcedColors: 'active' });
  await frames(page, 4);
  const outline = (selector) => page.locator(selector).first().evaluate((node) => getComputedStyle(node).outlineStyle);
  const current = ['.shell > header [aria-current]', '.tabs [aria-current]'];
  for (const selector of current) assert.equal(await outline(selector), 'solid', selector);
  assert.notEqual(await outline('.tabs a:not([aria-current])'), 'solid');
  // Backgrounds are gone, so a button is known by its edge.
  for (const selector of ['.tools summary', '.tools [data-action="share"]', '.run-buttons [data-action="step"]']) {
    const { width, style } = await page.locator(selector).first().evaluate((node) => ({ width: parseFloat(getComputedStyle(node).borderTopWidth), style: getComputedStyle(node).borderTopStyle }));
    assert.ok(width >= 1 && style !== 'none', `${selector}: ${width} px ${style}`);
  }
  await page.locator('.preferences summary').click();
  assert.notEqual(await page.locator('.preferences .menu-items').evaluate((node) => getComputedStyle(node).borderTopStyle), 'none');
  await checkAccess(page, 'forced colors, a menu open');
  await shot(page, 'forced-frame');
});
