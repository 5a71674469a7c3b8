// Panels in pages of another origin: a course page, its frames, and the messages between them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, address, choosePreset, expect, frames, metric, readParam, sections, waitState } from './lib/test.mjs';
import { course, inside, stateOf, test } from './lib/host.mjs';
import { snippet } from './lib/share.mjs';
import { dist } from './lib/site.mjs';
import { embedsOf, MAX_HEIGHTS, TALL } from './lib/views.mjs';

for (const [name, sandbox] of [['frames of another origin', ''], ['frames with sandbox="allow-scripts" alone', ' sandbox="allow-scripts"']]) {
  test(`three ${name}: they fit, and one at a time trains`, { tag: '@long' }, async ({ onHost }) => {
    const page = await onHost(course(['mlp', 'rnn', 'attention'].map((panel) => `<nn-lab id="${panel}" panel="${panel}" device="cpu" steps="20000"${sandbox}${panel === 'rnn' ? ' seq-len="20"' : ''}></nn-lab><p>Text between.</p>`).join('')));
    const fit = async (width) => {
      await page.setViewportSize({ width, height: 3000 });
      for (const panel of ['mlp', 'rnn', 'attention']) {
        await page.locator(`#${panel}`).scrollIntoViewIfNeeded();
        await inside(page, `#${panel}`).locator('[data-probe="idle"]').waitFor({ timeout: 30_000 });
        const root = inside(page, `#${panel}`).locator('html');
        const fits = () => root.evaluate((html) => html.scrollHeight <= window.innerHeight + 1 && html.scrollWidth <= window.innerWidth);
        await expect.poll(fits, `${panel} fits at ${width}`).toBe(true);
      }
    };
    await fit(1200);
    await fit(360);
    // All panels are brought into view, because a hidden panel does not train.
    await page.evaluate(() => {
      document.body.style.cssText = 'display: grid; grid-template-columns: repeat(3, 1fr); align-items: start';
      for (const p of document.querySelectorAll('p')) p.remove();
    });
    // A button that moves with the layout cannot be clicked, so wait until the sizes have settled.
    await fit(2000);
    await frames(page, 10);
    await inside(page, '#mlp').locator('[data-action="train"]').click();
    await expect.poll(() => stateOf(page, '#mlp'), 'the first trains').toBe('running');
    await inside(page, '#rnn').locator('[data-action="train"]').click();
    const states = (...panels) => Promise.all(panels.map((panel) => stateOf(page, panel)));
    await expect.poll(() => states('#mlp', '#rnn'), 'the second trains and the first is paused').toEqual(['paused', 'running']);
    assert.match(await inside(page, '#mlp').locator('.run-words').innerText(), /another panel/);
    await inside(page, '#rnn').locator('[data-action="stop"]').click();
    await expect.poll(() => stateOf(page, '#mlp'), 'the first continues').toBe('running');
    // Removing a frame lets the next panel continue, too.
    await inside(page, '#attention').locator('[data-action="train"]').click();
    await expect.poll(() => states('#mlp', '#attention'), 'the third trains').toEqual(['paused', 'running']);
    const workers = page.workers().length;
    await page.locator('#attention').evaluate((element) => element.remove());
    await expect.poll(() => stateOf(page, '#mlp'), 'the first continues again').toBe('running');
    await expect.poll(() => page.workers().length, 'its workers are gone').toBeLessThan(workers);
  });
}

test('a panel pauses while out of view, and continues when it is visible again', async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="mlp" panel="mlp" device="cpu" steps="20000"></nn-lab><div style="height: 6000px"></div><p id="end">The end.</p>'));
  await inside(page, '#mlp').locator('[data-action="train"]').click();
  await expect.poll(() => stateOf(page, '#mlp'), 'it trains').toBe('running');
  await page.locator('#end').scrollIntoViewIfNeeded();
  await expect.poll(() => stateOf(page, '#mlp'), 'it pauses').toBe('paused');
  await page.evaluate(() => scrollTo(0, 0));
  await expect.poll(() => stateOf(page, '#mlp'), 'it continues').toBe('running');
});

test('a sweep pauses while out of view, and a sweep that its visitor paused stays paused', { tag: '@long' }, async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="mlp" panel="mlp" chapter="claims" device="cpu" steps="2000" sweep="width:2,4,8,16,32,64" seeds="10" measure="accuracy"></nn-lab><p style="height:4000px"></p><p id="end">The end.</p>'));
  const panel = inside(page, '#mlp');
  const sweep = () => panel.locator('[data-panel]').getAttribute('data-sweep');
  const look = (there) => (there ? page.evaluate(() => scrollTo(0, 0)) : page.locator('#end').scrollIntoViewIfNeeded());
  await panel.locator('[data-action="sweep"]:enabled').click();
  await expect.poll(() => sweep(), 'it runs').toBe('running');
  await look(false);
  await expect.poll(() => sweep(), 'it pauses').toBe('paused');
  assert.match(await panel.locator('[data-sweep-words]').innerText(), /The sweep is paused while off screen/);
  await look(true);
  await expect.poll(() => sweep(), 'it continues').toBe('running');
  await panel.locator('[data-action="sweep-pause"]').click();
  await expect.poll(() => sweep(), 'it waits').toBe('paused');
  await look(false);
  await frames(page, 20);
  await look(true);
  await frames(page, 20);
  assert.equal(await sweep(), 'paused');
  await panel.locator('[data-action="sweep-stop"]').click();
});

test('a frame far below the visible part reports its height when it loads', async ({ onHost }) => {
  const page = await onHost(`${course('<div style="height: 9000px"></div><iframe id="far" width="600" height="300" title="far" src="LAB#/mlp/parameters?embed=1&device=cpu"></iframe>')}
   <script>heights = []; addEventListener('message', ({ data }) => data?.type === 'resize' && heights.push(data.height));</script>`);
  await expect(async () => {
    const height = await page.frameLocator('#far').locator('main').evaluate((main) => Math.ceil(main.getBoundingClientRect().height));
    assert.ok(height > 300, `${height} pixels`);
    assert.equal(await page.evaluate(() => heights.at(-1)), height);
  }).toPass({ timeout: 30_000 });
  assert.equal(await page.evaluate(() => scrollY), 0);
});

test('the host page changes settings, trains and receives messages; messages from other windows are ignored', async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="mlp" panel="mlp" device="cpu" steps="40" depth="3"></nn-lab>'));
  await page.evaluate(() => {
    window.heard = [];
    addEventListener('message', ({ data }) => window.heard.push(data));
  });
  const frame = inside(page, '#mlp');
  const depth = () => frame.locator('[data-param="depth"] input[role="spinbutton"], [data-param="depth"] input').last().inputValue();
  await frame.locator('[data-panel]').waitFor();
  const received = (type) => page.evaluate((type) => window.heard.filter((data) => data?.source === 'nn-lab' && data.type === type), type);
  await expect.poll(async () => (await received('ready')).length + (await received('state')).length, 'it is ready').toBeGreaterThan(0);
  await page.evaluate(() => document.querySelector('nn-lab').set({ depth: 5 }));
  await expect.poll(() => depth(), 'the slider has moved').toBe('5');
  await page.locator('nn-lab').evaluate((element) => element.setAttribute('depth', '6'));
  await expect.poll(() => depth(), 'an attribute moves it, too').toBe('6');

  // The same message from another window: a second frame.
  await page.evaluate(async () => {
    const other = document.createElement('iframe');
    other.srcdoc = '<!doctype html>';
    document.body.append(other);
    await new Promise((resolve) => (other.onload = resolve));
    const words = { source: 'nn-lab-host', version: 1, type: 'set', values: { depth: 9 } };
    other.contentWindow.target = document.querySelector('nn-lab').frame.contentWindow;
    other.contentWindow.eval(`target.postMessage(${JSON.stringify(words)}, '*')`);
  });
  await frames(page, 30);
  assert.equal(await depth(), '6');

  // An invalid message is answered with an error and changes nothing.
  const send = (message) => page.evaluate((message) => document.querySelector('nn-lab').frame.contentWindow.postMessage(message, '*'), message);
  await send({ source: 'nn-lab-host', version: 99, type: 'train' });
  await send({ source: 'nn-lab-host', version: 1, type: 'set', values: { nonsense: 1 } });
  await expect.poll(async () => (await received('error')).length, 'both are refused').toBe(2);
  await page.evaluate(() => document.querySelector('nn-lab').train());
  await expect.poll(() => stateOf(page, '#mlp'), 'it is done').toBe('done');
  await expect.poll(async () => (await received('metrics')).map(({ metrics }) => metrics.step), 'its numbers are sent').toContain(40);
  const resize = await received('resize');
  assert.ok(resize.length > 0 && resize.every(({ version, panel, height }) => version === 1 && panel === 'mlp' && height > 100));
  const lti = await page.evaluate(() => window.heard.filter((data) => data?.subject === 'lti.frameResize').length);
  assert.equal(lti, resize.length);
});

test('locked settings stay, and hidden parts are absent', async ({ open }) => {
  const page = await open(address('rnn', { device: 'cpu', seq_len: 20, lock: 'seq_len,seed', hide: 'checks,d_hidden,stop,loss' }));
  await page.waitForSelector('[data-probe="idle"]');
  for (const input of await page.locator('[data-param="seq_len"] input').all()) assert.ok(await input.isDisabled());
  assert.equal(await page.locator('[data-param="d_hidden"], [data-action="stop"]').count(), 0);
  assert.equal(await page.getByRole('heading', { name: /^Checks?$/ }).count(), 0);
  // Neither a preset nor the defaults change a locked setting.
  await choosePreset(page, 'rnn-learns-too');
  await act(page, 'defaults');
  await frames(page, 20);
  assert.equal(String(await readParam(page, 'seq_len')), '20');
});

test('a prediction is required before the run, and is shown with the result', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 60, ask: 'How low will the loss get?', ask_guess: 'number', ask_metric: 'loss_activated' }));
  assert.ok(await page.locator('[data-action="train"]').isDisabled());
  await page.locator('[data-guess-input]').fill('0.25');
  await page.locator('[data-action="guess"]').click();
  await page.locator('[data-action="train"]').click();
  await waitState(page, 'done');
  const outcome = await page.locator('.question [data-outcome]').innerText();
  assert.match(outcome, /^Loss, [a-z-]+: .* \(your prediction is off by/i);
  assert.match(await page.locator('[data-guess]').innerText(), /0\.25/);
  assert.ok(Number.isFinite(await metric(page, 'loss_activated')));
});

test('a predicted curve is drawn with pointer and keyboard, and compared with the result', { tag: '@long' }, async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 60, ask: 'Draw the loss', ask_guess: 'curve', ask_metric: 'loss_activated', ask_range: '0,1' }));
  const pad = page.locator('[data-guess-input="curve"]');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 4, box.y + box.height - 10, { steps: 5 });
  await page.mouse.up();
  await pad.focus();
  await page.keyboard.press('ArrowUp');
  await page.locator('[data-action="guess"]').click();
  await page.locator('[data-action="train"]').click();
  await waitState(page, 'done');
  await page.locator('[data-figure="guess"]').waitFor();
  assert.ok((await page.locator('[data-figure="guess"] svg').count()) > 0);
});

test('a link from the share dialog opens the chosen settings', async ({ open, serve }) => {
  const page = await open(address('mlp', { device: 'cpu', depth: 7, learning_rate: 0.02, activation: 'tanh' }));
  await page.locator('[data-action="share"]').click();
  const dialog = page.locator('dialog.share-dialog');
  await dialog.locator('.share-more summary').click();
  await dialog.locator('[data-share="depth"] select').selectOption('locked');
  await dialog.locator('[data-share="width"] select').selectOption('hidden');
  await dialog.locator('[data-share="loss"] input').check();
  await dialog.locator('[data-share="ask"]').fill('Why & "how" <so>?');
  await dialog.locator('select[data-share="guess"]').selectOption('choice');
  await dialog.locator('[data-share="options"]').fill('yes\nno');
  const link = await snippet(page, 'link', 'link');
  const element = await snippet(page, 'html', 'element');
  const frame = await snippet(page, 'frame', 'iframe');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.goto('about:blank');
  await page.goto(link);
  await page.waitForSelector('[data-panel="mlp"]');
  assert.equal(String(await readParam(page, 'depth')), '7');
  assert.equal(String(await readParam(page, 'activation')), 'tanh');
  assert.equal(await page.locator('[data-param="width"], [data-figure="loss"]').count(), 0);
  assert.equal(await page.locator('.question-text').innerText(), 'Why & "how" <so>?');
  assert.ok(await page.locator('[data-action="train"]').isDisabled());
  // The snippets work in a page without changes.
  for (const snippet of [element, frame]) {
    const host = await serve({ pages: { 'index.html': `<!doctype html><html lang="en"><title>host</title><link rel="icon" href="data:,"><body>${snippet}</body></html>` } });
    await page.goto(host.url);
    const inner = page.frameLocator('iframe');
    await inner.locator('.question-text').waitFor();
    assert.equal(await inner.locator('.question-text').innerText(), 'Why & "how" <so>?');
    assert.equal(await inner.locator('[data-param="width"]').count(), 0);
  }
});

test('a link of a newer version opens with a notice', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', v: 9, depth: 4 }));
  assert.match(await page.locator('.notice').first().innerText(), /newer version/);
  assert.equal(String(await readParam(page, 'depth')), '4');
});

test('a link without a version opens without a notice', async ({ open }) => {
  const page = await open('#/mlp?depth=4&device=cpu');
  assert.equal(await page.locator('.notice:visible').count(), 0);
  assert.equal(String(await readParam(page, 'depth')), '4');
});

test('the example page works from another origin', { tag: '@long' }, async ({ onHost }) => {
  const page = await onHost(readFileSync(join(dist, 'embed-example.html'), 'utf8').replace('src="embed.js"', 'src="LABembed.js"'));
  const memory = inside(page, '#memory');
  await memory.getByLabel('The LSTM alone').check();
  await memory.locator('[data-action="guess"]').click();
  await memory.locator('[data-action="train"]').click();
  await expect(page.locator('#measured'), 'numbers arrive in the page').toContainText(/RNN \d/, { timeout: 40_000 });
  await page.locator('#deeper').scrollIntoViewIfNeeded();
  await inside(page, '#depth').locator('[data-panel]').waitFor();
  await page.locator('#deeper').click();
  await expect(inside(page, '#depth').locator('[data-param="depth"] input').last(), 'the button reaches the panel').toHaveValue('8');
});

test('the snippets of the guides work', async ({ onHost }) => {
  const guide = ['EMBEDDING.md', 'docs/embedding.md', 'docs/addresses.md', 'docs/messages.md'].map((name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')).join('\n');
  const snippets = [...guide.matchAll(/```html\n([\s\S]*?)```/g)].map(([, html]) => html);
  assert.ok(snippets.length >= 4);
  for (const snippet of snippets) {
    const html = `<!doctype html><html lang="en"><title>host</title><link rel="icon" href="data:,"><body>${snippet.replaceAll('YOUR-LAB/', 'LAB')}</body></html>`;
    const page = await onHost(html);
    const frame = page.frameLocator('iframe');
    await frame.locator('[data-panel][data-probe="idle"]').waitFor({ timeout: 30_000 });
    assert.equal(await frame.locator('.notice[data-kind="warn"]:visible').count(), 0, snippet);
  }
});

for (const sandbox of ['', ' sandbox="allow-scripts"']) {
  test(`a panel follows the theme of the page around it${sandbox && ', in a sandbox too'}`, { tag: '@long' }, async ({ onHost }) => {
    const page = await onHost(course(`<style>body { background: white } [data-scheme="slate"] body { background: #1e2129 }</style>
      <nn-lab id="own" panel="mlp" device="cpu"${sandbox}></nn-lab><nn-lab id="told" panel="mlp" device="cpu" theme="dark"${sandbox}></nn-lab>`));
    const theme = (id) => inside(page, id).locator('html').getAttribute('data-theme');
    await inside(page, '#own').locator('[data-panel]').waitFor();
    await inside(page, '#told').locator('[data-panel]').waitFor();
    assert.deepEqual([await theme('#own'), await theme('#told')], ['light', 'dark']);
    await page.evaluate(() => document.documentElement.setAttribute('data-scheme', 'slate'));
    await expect.poll(() => theme('#own'), 'the panel goes dark').toBe('dark');
    await page.evaluate(() => document.documentElement.removeAttribute('data-scheme'));
    await expect.poll(() => theme('#own'), 'the panel goes light again').toBe('light');
    assert.equal(await theme('#told'), 'dark');
    await page.locator('#told').evaluate((element) => element.setAttribute('theme', 'light'));
    await expect.poll(() => theme('#told'), 'the attribute sets the theme').toBe('light');
    // Readers get links and snippets only if the page's author enables them.
    assert.equal(await inside(page, '#own').locator('[data-action="share"]').count(), 0);
    await page.locator('#own').evaluate((element) => element.setAttribute('share', '1'));
    await inside(page, '#own').locator('[data-action="share"]').waitFor();
  });
}

test('in a sandbox both networks train in parallel, and a sweep from the address runs', { tag: '@long' }, async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="mlp" panel="mlp" chapter="claims" device="cpu" sandbox="allow-scripts" steps="40" sweep="depth:1,2" measure="accuracy"></nn-lab>'), { width: 1000 });
  const panel = inside(page, '#mlp');
  await panel.locator('[data-chapter="claims"]').waitFor();
  await panel.locator('[data-action="train"]').click();
  await expect.poll(() => stateOf(page, '#mlp'), 'the run is done').toBe('done');
  assert.match(await panel.locator('.device-line').innerText(), /2 workers/);
  await panel.locator('[data-action="sweep"]').click();
  await panel.locator('[data-panel][data-sweep="done"]').waitFor({ timeout: 40_000 });
  assert.equal(await panel.locator('[data-metric="sweep_runs_done"]').getAttribute('data-value'), '2');
  await panel.locator('[data-figure="sweep"] svg').first().waitFor();
});

for (const slug of sections) {
  test(`${slug}: alone in a frame of 640 pixels, main figures and experiments are small, except for those that are listed`, { tag: slug === 'rnn' ? [] : '@long' }, async ({ browser: _browser }) => {
    test.setTimeout(240_000);
    const complaints = [];
    const all = await embedsOf(slug, complaints);
    assert.ok(all.filter(({ kind }) => kind === 'figure').length >= 3 && all.some(({ kind }) => kind === 'experiment'));
    assert.deepEqual(all.filter(({ kind, name, height }) => height > (TALL[slug]?.[name] ?? MAX_HEIGHTS[kind])).map(({ kind, name, ...parts }) => `${kind} ${name}: ${JSON.stringify(parts)}`), []);
    assert.deepEqual(complaints, []);
  });
}
