// Addresses: what an altered or misspelled one opens and reports, and how the history follows the page.

import assert from 'node:assert/strict';
import { act, address, expect, probed, readParam, setParam, test } from './lib/test.mjs';

const hash = (page) => page.evaluate(() => location.hash);
const depth = (page) => expect(page.locator('[data-param="depth"] input[role="spinbutton"]').first());
const problems = (page) => page.locator('[data-problems]');

/** The init script that holds back the timer after which a change enters the history, until `settle`. */
function holdTimers() {
  const { setTimeout: start, clearTimeout: stop } = window;
  const held = [];
  window.setTimeout = (run, ms, ...rest) => (ms === 400 ? -held.push(run) : start(run, ms, ...rest));
  window.clearTimeout = (id) => (id < 0 ? (held[-id - 1] = undefined) : stop(id));
  window.settle = () => held.splice(0, held.length, ...held.map(() => undefined)).forEach((run) => run?.());
  window.isPending = () => held.some(Boolean);
}
const pending = (page) => page.waitForFunction(() => window.isPending());

test('an address that was altered on its way opens what was meant, and becomes tidy', async ({ open, site }) => {
  const page = await open('#/mlp');
  for (const altered of [
    '#/mlp/collapse?depth=5&amp;seed=2',
    '#/mlp/collapse?depth=5&amp;amp;seed=2',
    '#/MLP/COLLAPSE?depth=5&seed=2',
    '#!/mlp/collapse?depth=5&seed=2',
    '#/mlp/collapse%3Fdepth=5&seed=2',
    '#/mlp/collapse%3Fdepth%3D5%26seed%3D2',
    '#/mlp/collapse/?depth=5?seed=2',
    '#/mlp/collapse?depth=5&seed=2).',
    '#/mlp/collapse?depth=5&seed=2%20',
  ]) {
    await test.step(altered, async () => {
      await page.goto('about:blank');
      await page.goto(site.url + altered);
      await page.locator('[data-chapter="collapse"]').waitFor();
      await depth(page).toHaveValue('5');
      assert.equal(await problems(page).count(), 0);
      assert.equal(await hash(page), '#/mlp/collapse?depth=5&seed=2&v=1');
    });
  }
});

test('unknown keys, values and names are reported until the notice is dismissed, which tidies the address', async ({ open }) => {
  const page = await open('#/mlp/nowhere?depht=5&depth=4&device=gpu&hide=nope&lock=sed&experiment=moon&width=99999');
  await expect(problems(page)).toHaveAttribute('data-problems', '7');
  const text = await problems(page).innerText();
  for (const words of ['There is no setting “depht”. Did you mean “depth”?', 'There is no device “gpu”. Did you mean “webgpu”?', 'And 2 more.']) assert.ok(text.includes(words), text);
  // A change of a setting corrects no name.
  await setParam(page, 'depth', 6);
  await expect(problems(page)).toContainText('depht');
  await problems(page).locator('[data-action="dismiss"]').click();
  await expect(problems(page)).toHaveCount(0);
  await depth(page).toHaveValue('6');
  await expect.poll(() => hash(page)).toBe('#/mlp?depth=6&width=256&v=1');
  await page.reload();
  await depth(page).toHaveValue('6');
  assert.equal(await problems(page).count(), 0);
  // A problem that is corrected in the address bar disappears.
  await page.evaluate(() => (location.hash = '#/mlp?dept=3'));
  await expect(problems(page)).toContainText('“dept”');
  await page.evaluate(() => (location.hash = '#/mlp?depth=3'));
  await expect(problems(page)).toHaveCount(0);
});

test('a sweep that an address asks for and that cannot start is reported in every chapter', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&sweep=depht:2,4&measure=accuracy');
  await expect(problems(page)).toContainText('There is no setting “depht” to sweep over. Did you mean “depth”?');
  // Its own chapter says so next to the button.
  await page.locator('[data-to="claims"]').click();
  await expect(page.locator('[data-sweep-words]')).toContainText('“depht”');
  await expect(problems(page)).toHaveCount(0);
});

test('an unknown section is not another one, and its link keeps the settings', async ({ open }) => {
  const page = await open('#/mpl?depth=5', { ready: false });
  await expect(problems(page)).toContainText('There is no section “mpl” at this address. Did you mean “mlp”?');
  assert.equal(await page.locator('[data-panel]').count(), 0);
  await page.locator('main').getByRole('link', { name: 'MLP', exact: true }).click();
  await depth(page).toHaveValue('5');
});

test('the page around a panel hears of each problem, also of an unknown section', async ({ open, serve, site }) => {
  const element = '<nn-lab panel="mlp" device="cpu" depht="5" ask="How high?" ask-guess="number" ask-metric="accuracy"></nn-lab><nn-lab panel="mpl"></nn-lab>';
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>host</title><link rel="icon" href="data:,"><script>heard = []; addEventListener('nn-lab-error', ({ detail }) => heard.push(detail.message));</script><script type="module" src="${site.url}embed.js"></script><body>${element}</body></html>`;
  const page = await open('', { from: await serve({ pages: { 'index.html': html } }), ready: false });
  const heard = () => page.evaluate(() => window.heard.toSorted().map((words) => words.split(' Did')[0]));
  await expect.poll(heard).toEqual(['There is no metric “accuracy” in this section.', 'There is no section “mpl” at this address.', 'There is no setting “depht”.']);
  const frame = page.frameLocator('iframe').first();
  await expect(frame.locator('[data-problems]')).toHaveAttribute('data-problems', '2');
  assert.equal(await page.frameLocator('iframe').last().locator('nav').count(), 0);
});

for (const [where, click, arrived] of [
  ['chapter', '[data-to="parameters"]', '[data-chapter="parameters"]'],
  ['section', 'nav a[href^="#/rnn"]', '[data-panel="rnn"]'],
]) {
  test(`Back after a change and a quick click on a ${where} keeps the change`, async ({ open }) => {
    const page = await open('#/mlp/boundary?device=cpu&seed=7', { init: holdTimers });
    await setParam(page, 'depth', 5);
    await pending(page);
    await page.locator(click).first().click();
    await page.locator(arrived).waitFor();
    await page.evaluate(() => window.settle());
    await page.locator(arrived).waitFor();
    await page.goBack();
    await page.locator('[data-chapter="boundary"]').waitFor();
    await depth(page).toHaveValue('5');
    await page.goBack();
    await depth(page).toHaveValue('3');
    assert.equal(await readParam(page, 'seed'), '7');
  });
}

test('a pending change does not undo Back', async ({ open }) => {
  const page = await open('#/mlp/boundary?device=cpu', { init: holdTimers });
  await page.locator('[data-to="parameters"]').click();
  await page.locator('[data-chapter="parameters"]').waitFor();
  await setParam(page, 'depth', 5);
  await pending(page);
  await page.goBack();
  await page.locator('[data-chapter="boundary"]').waitFor();
  await page.evaluate(() => window.settle());
  await depth(page).toHaveValue('3');
  assert.equal(await hash(page), '#/mlp/boundary?device=cpu');
});

test('a change that is undone adds no entry to the history', async ({ open }) => {
  // A default that is written in an address is not written again.
  const page = await open('#/mlp?depth=3&device=cpu&seed=1', { init: holdTimers });
  const count = () => page.evaluate(() => history.length);
  const before = await count();
  await setParam(page, 'depth', 5);
  await pending(page);
  await setParam(page, 'depth', 3);
  await page.waitForFunction(() => !window.isPending());
  assert.equal(await count(), before);
  await setParam(page, 'depth', 4);
  await pending(page);
  await page.evaluate(() => window.settle());
  await expect.poll(count).toBe(before + 1);
  assert.match(await hash(page), /depth=4/);
});

test('a reload, and a page that goes to the background, keep a change that has not settled', async ({ open }) => {
  const page = await open('#/mlp?device=cpu', { init: holdTimers });
  await setParam(page, 'depth', 5);
  await pending(page);
  await page.reload();
  await depth(page).toHaveValue('5');
  assert.match(await hash(page), /depth=5/);
  await setParam(page, 'depth', 6);
  await pending(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.match(await hash(page), /depth=6/);
  await page.goBack();
  await depth(page).toHaveValue('5');
  await page.goBack();
  await depth(page).toHaveValue('3');
});

test('a reset goes to the settings of the link, also after a reload', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&depth=6&seed=2');
  const button = (action) => page.locator(`[data-action="${action}"]`);
  await expect(button('restore')).toHaveText('Reset to the link’s settings');
  await setParam(page, 'depth', 8);
  await expect.poll(() => hash(page)).toContain('depth=8');
  await page.reload();
  await depth(page).toHaveValue('8');
  await act(page, 'restore');
  await depth(page).toHaveValue('6');
  assert.equal(await readParam(page, 'seed'), '2');
  await act(page, 'defaults');
  await depth(page).toHaveValue('3');
  // A link to a chapter has the present settings, which are not new ones to go back to.
  await setParam(page, 'depth', 9);
  await page.locator('[data-to="parameters"]').click();
  await page.locator('[data-chapter="parameters"]').waitFor();
  await act(page, 'restore');
  await depth(page).toHaveValue('6');
  // Another link has.
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu&depth=11'));
  await depth(page).toHaveValue('11');
  await setParam(page, 'depth', 2);
  await act(page, 'restore');
  await depth(page).toHaveValue('11');
});

test('in an assignment, the only reset goes to its settings', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&depth=6&lock=seed&embed=1');
  const button = page.locator('[data-action="defaults"]');
  await expect(button).toHaveText('Reset to the assigned settings');
  assert.equal(await page.locator('[data-action="restore"]').count(), 0);
  await setParam(page, 'depth', 8);
  await act(page, 'defaults');
  await depth(page).toHaveValue('6');
});

test('“Open in the lab” keeps the question, the locks, and what is hidden', async ({ open }) => {
  const query = { device: 'cpu', depth: 6, embed: 1, show: 'loss', lock: 'depth', hide: 'width,presets', ask: 'How low?', ask_guess: 'number', ask_metric: 'loss_activated', autoplay: 1 };
  const page = await open(address('mlp', query));
  const href = await page.locator('.embed-foot a').getAttribute('href');
  await page.goto('about:blank');
  const lab = await open(href);
  await probed(lab);
  assert.ok(await lab.locator('.tabs').count(), 'the whole section');
  assert.equal(await lab.locator('.question-text').innerText(), 'How low?');
  assert.ok(await lab.locator('[data-action="train"]').isDisabled());
  assert.ok(await lab.locator('[data-param="depth"] input').first().isDisabled());
  assert.equal(await lab.locator('[data-param="width"], [data-preset]').count(), 0);
  // A single experiment stays open.
  const single = await open('#/mlp?device=cpu&embed=1&show=moons');
  const opened = await open(await single.locator('.embed-foot a').getAttribute('href'));
  await opened.locator('[data-experiment="moons"]').waitFor();
  assert.ok(await opened.locator('.tabs').count());
});

test('a message can open another experiment, and a wrong name is answered', async ({ open, serve, site }) => {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>host</title><link rel="icon" href="data:,"><script>heard = []; addEventListener('nn-lab-error', ({ detail }) => heard.push(detail.message));</script><script type="module" src="${site.url}embed.js"></script><body><nn-lab panel="mlp" device="cpu" experiment="moons"></nn-lab></body></html>`;
  const page = await open('', { from: await serve({ pages: { 'index.html': html } }), ready: false });
  const frame = page.frameLocator('iframe');
  await frame.locator('[data-experiment="moons"]').waitFor();
  const set = (value) => page.locator('nn-lab').evaluate((element, value) => element.setAttribute('experiment', value), value);
  await set('depth-alone');
  await frame.locator('[data-experiment="depth-alone"]').waitFor();
  assert.deepEqual(await page.evaluate(() => window.heard), []);
  await set('depth-alon');
  await expect.poll(() => page.evaluate(() => window.heard)).toEqual(['There is no experiment “depth-alon” in this section. Did you mean “depth-alone”?']);
  await page.evaluate(() => document.querySelector('nn-lab').set({ dept: 3 }));
  await expect.poll(() => page.evaluate(() => window.heard.at(-1))).toBe('There is no setting “dept” that a message can change. Did you mean “depth”?');
});
