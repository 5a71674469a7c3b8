// The element <nn-lab> as its hosts see it: notebooks, pages rendered on a server, editors that strip elements, and
// pages that block frames.

import assert from 'node:assert/strict';
import { expect } from './lib/test.mjs';
import { course, heard, inside, listen, test } from './lib/host.mjs';

const small = 'panel="mlp" show="parameters" device="cpu"';

test('a notebook widget shows its panel, follows its settings and receives numbers and predictions', async ({ onHost, site }) => {
  const page = await onHost('<!doctype html><html lang="en"><title>host</title><link rel="icon" href="data:,"><body><div id="cell"></div></body></html>');
  await page.evaluate(async (url) => {
    const { default: widget } = await import(url);
    const values = { panel: 'rnn', settings: { show: ['twelve-tokens'], device: 'cpu', seq_len: 12 }, metrics: {}, guess: {} };
    const handlers = new Map();
    // Real hosts pass a proxy with these names and no others.
    const model = {
      get: (name) => values[name],
      set: (name, value) => ((values[name] = value), handlers.get(`change:${name}`)?.()),
      on: (event, handler) => handlers.set(event, handler),
      off: (event) => handlers.delete(event),
      save_changes: () => {
        throw new Error('not implemented');
      },
      send: () => {},
      widget_manager: {},
    };
    Object.assign(window, { values, model, handlers, warned: [] });
    console.warn = (text) => window.warned.push(text);
    window.dispose = widget.render({ model, el: document.getElementById('cell') });
  }, `${site.url}embed.js`);
  const frame = page.frameLocator('#cell iframe');
  await frame.locator('[data-panel="rnn"][data-probe="idle"]').waitFor();
  await frame.getByLabel('Both networks').check();
  await frame.locator('[data-action="guess"]').click();
  await expect.poll(() => page.evaluate(() => window.values.guess.id), 'the prediction comes back').toBe('rnn/twelve-tokens');
  await expect.poll(() => page.evaluate(() => typeof window.values.metrics.params_rnn), 'numbers come back').toBe('number');
  // A page without a kernel refuses to store them, which is no failure of the panel.
  await expect.poll(() => page.evaluate(() => window.warned.join())).toContain('not implemented');
  await page.evaluate(() => window.model.set('settings', { device: 'cpu', seq_len: 30 }));
  await expect(frame.locator('[data-param="seq_len"] input').last(), 'the trait moves the slider').toHaveValue('30');
  await page.evaluate(() => window.model.set('panel', 'mlp'));
  await frame.locator('[data-panel="mlp"]').waitFor();
  await page.evaluate(() => window.dispose());
  assert.equal(await page.locator('iframe').count(), 0);
  assert.equal(await page.evaluate(() => window.handlers.size), 0);
});

test('the element adds nothing to the page around it, and its children show only without its script', async ({ onHost }) => {
  const page = await onHost(course(`<nn-lab id="lab" ${small}><a href="LAB#/mlp">Open the panel</a></nn-lab>`));
  await inside(page, '#lab').locator('[data-panel]').waitFor();
  const lab = page.locator('#lab');
  assert.deepEqual(await lab.evaluate((lab) => [lab.children.length, lab.firstChild.localName, lab.getAttribute('style'), getComputedStyle(lab).display]), [1, 'a', null, 'block']);
  assert.ok(!(await lab.locator('a').isVisible()));
  await lab.evaluate((lab) => (lab.hidden = true));
  assert.ok(!(await lab.isVisible()));
  const without = await onHost(course(`<nn-lab ${small}><a href="LAB#/mlp">Open the panel</a></nn-lab>`, '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'), { allow: [/Content Security Policy/] });
  assert.ok(await without.getByRole('link', { name: 'Open the panel' }).isVisible());
});

test('an address of the element keeps its lists readable', async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="lab" panel="rnn" show="loss,accuracy" ask="What is 1 + 1, here?" device="cpu"></nn-lab>'));
  // The script may arrive after the page.
  await page.locator('#lab iframe').waitFor({ state: 'attached' });
  const src = await page.locator('#lab').evaluate((lab) => lab.frame.src);
  assert.match(src, /&show=loss,accuracy&ask=What%20is%201%20%2B%201,%20here%3F&/);
  assert.equal(await inside(page, '#lab').locator('.question-text').innerText(), 'What is 1 + 1, here?');
});

test('a panel follows the theme of the page around shadow roots', async ({ onHost }) => {
  const page = await onHost(
    course(`<body style="background: white"><div id="slotted"><nn-lab id="a" ${small}></nn-lab></div><div id="inner"></div>
      <script>
        const dark = '<section style="background: #111"><slot></slot></section>';
        document.getElementById('slotted').attachShadow({ mode: 'open' }).innerHTML = dark;
        document.getElementById('inner').style.background = '#111';
        document.getElementById('inner').attachShadow({ mode: 'open' }).innerHTML = '<nn-lab id="b" ${small}></nn-lab>';
      </script>`),
  );
  for (const id of ['#a', '#b']) await expect(inside(page, id).locator('html'), id).toHaveAttribute('data-theme', 'dark');
});

test('a div of a course system becomes a panel, also when it is added later', async ({ onHost, site }) => {
  const page = await onHost(course(`<div class="nn-lab" id="one" data-panel="mlp" data-show="parameters" data-device="cpu" data-lab="javascript:alert(1)" data-onclick="alert(1)"><a href="LAB#/mlp">Open the panel</a></div>`));
  await inside(page, '#one').locator('[data-panel="mlp"][data-picked]').waitFor();
  const [names, lab] = await page.locator('#one').evaluate((div) => [div.shadowRoot.firstChild.getAttributeNames().sort().join(), div.shadowRoot.firstChild.frame.src]);
  assert.equal(names, 'device,panel,show');
  assert.ok(lab.startsWith(site.url), lab);
  await listen(page, '#one');
  await page.locator('#one').evaluate((div) => {
    const later = Object.assign(div.cloneNode(true), { id: 'two' });
    later.dataset.panel = 'attention';
    document.body.append(later);
  });
  await inside(page, '#two').locator('[data-panel="attention"]').waitFor();
  await page.locator('#one').evaluate((div) => (div.style.width = '500px'));
  await expect.poll(async () => (await heard(page, 'resize')).length, 'its events reach the page').toBeGreaterThan(0);
  // An address that could run a script is not one of a lab.
  await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<nn-lab id="three" panel="mlp" lab="javascript:alert(1)"></nn-lab>'));
  assert.ok((await page.locator('#three').evaluate((element) => element.frame.src)).startsWith(site.url));
});

test('a panel that the page blocks leaves a link, and one that is late removes it', async ({ onHost, site }) => {
  const blocked = await onHost(course(`<nn-lab id="lab" ${small}></nn-lab>`, '<meta http-equiv="Content-Security-Policy" content="frame-src \'none\'">'), { allow: [/frame-src/], init: () => (window.setTimeout = ((wait) => (then, ms) => wait(then, ms / 50))(window.setTimeout)) });
  const link = blocked.locator('#lab').getByRole('link', { name: 'Open it in a new tab' });
  await link.waitFor();
  assert.match(await link.getAttribute('href'), /#\/mlp\?show=parameters&device=cpu$/);
  // A page that arrives late.
  let arrive;
  site.holds.set('index.html', new Promise((resolve) => (arrive = resolve)));
  const late = await onHost(course(`<nn-lab id="lab" ${small}></nn-lab>`), { init: () => window === top && (window.setTimeout = ((wait) => (then, ms) => wait(then, ms / 50))(window.setTimeout)) });
  const note = late.locator('#lab').getByRole('status');
  await note.waitFor();
  arrive();
  site.holds.delete('index.html');
  await note.waitFor({ state: 'detached' });
  await inside(late, '#lab').locator('[data-panel]').waitFor();
});

test('a page that requires resource policies shows a panel whose server sends them, or without credentials', { tag: '@long' }, async ({ open, serve }) => {
  const policy = { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  for (const [headers, attribute] of [[policy, ''], [{}, 'credentialless']]) {
    const lab = await serve({ headers });
    const host = await serve({ headers: policy, pages: { 'index.html': course(`<nn-lab id="lab" ${small} ${attribute}></nn-lab>`).replaceAll('LAB', lab.url) } });
    const page = await open('', { from: host, ready: false });
    await inside(page, '#lab').locator('[data-panel][data-probe="idle"]').waitFor();
  }
});
