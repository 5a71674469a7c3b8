// Firefox, if it is installed: every section trains there on the CPU, and saving, resuming and verifying work
// as elsewhere.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { firefoxPath, withFirefox } from './lib/firefox.mjs';

test.skip(firefoxPath() === undefined, 'Firefox is not installed');

/**
 * Waits in the page until an expression, or its promise, is true. Fails with the panel's text if it never is.
 */
const until = (firefox, expression, seconds) =>
  firefox.run(
    `async (expression, seconds) => {
      const holds = new Function('return (' + expression + ')');
      const end = Date.now() + seconds * 1000;
      while (!(await holds())) {
        if (Date.now() > end) throw new Error(expression + ': ' + document.querySelector('[data-panel], main')?.innerText.slice(0, 600));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }`,
    expression,
    seconds,
  );
const metric = (firefox, name) => firefox.run(`(name) => Number(document.querySelector('[data-metric="' + name + '"]')?.dataset.value)`, name);
const press = (firefox, action) => firefox.run(`(action) => document.querySelector('[data-action="' + action + '"]').click()`, action);
const panel = (slug) => `document.querySelector('[data-panel="${slug}"]')?.dataset`;

/** A section, settings of a run that takes a few seconds, and a metric that falls. */
const runs = [
  ['mlp', {}, 'loss_activated'],
  ['cnn', { n_train: 640, n_test: 50, epochs: 2 }, 'loss_separable'],
  ['resnet', { steps: 40 }, 'loss_residual'],
  ['rnn', { preset: 'short-sequence', steps: 120 }, 'loss_lstm'],
  ['attention', {}, 'loss_scaled'],
  ['transformer', { steps: 60 }, 'loss_train'],
];

test('every section trains in Firefox', { tag: ['@long', '@firefox'] }, async ({ site }) => {
  test.setTimeout(900_000);
  await withFirefox(async (firefox) => {
    for (const [slug, params, loss] of runs) {
      await firefox.go(`${site.url}?${slug}#/${slug}?${new URLSearchParams({ device: 'auto', show: 'all', ...params })}`);
      await firefox.run('() => { window.errors = []; addEventListener("error", (event) => window.errors.push(event.message)); }');
      await until(firefox, `${panel(slug)}?.probe === 'idle'`, 60);
      // One step first: without a pause a short run could be over before it is looked at.
      await press(firefox, 'step');
      await until(firefox, `${panel(slug)}?.state === 'paused'`, 60);
      await until(firefox, `document.querySelector('[data-metric="${loss}"]')?.dataset.value > 0`, 60);
      const first = await metric(firefox, loss);
      await press(firefox, 'resume');
      await until(firefox, `${panel(slug)}?.state === 'done'`, 240);
      const last = await metric(firefox, loss);
      assert.ok(last < first, `${slug}: ${loss} went from ${first} to ${last}`);
      assert.equal(await firefox.run(`() => document.querySelector('[data-panel]').dataset.device`), 'cpu');
      assert.deepEqual(await firefox.run('() => window.errors'), [], slug);
    }
  });
});

test('a run that a reload interrupts is offered in Firefox, too', { tag: ['@long', '@firefox'] }, async ({ eagerSite }) => {
  test.setTimeout(180_000);
  await withFirefox(async (firefox) => {
    const url = `${eagerSite.url}#/mlp?device=cpu&steps=20000`;
    await firefox.go(url);
    await until(firefox, `${panel('mlp')}?.probe === 'idle'`, 60);
    await firefox.run('() => { window.nnLabKeepAfterMs = 0; }');
    await press(firefox, 'train');
    await until(firefox, `document.querySelector('[data-metric="step"]').dataset.value > 5`, 60);
    await until(firefox, "caches.open('nn-lab-files').then((cache) => cache.keys()).then((files) => files.length > 0)", 60);
    await firefox.go('about:blank');
    await firefox.go(url);
    await until(firefox, `document.querySelector('[data-offer]')`, 30);
    await press(firefox, 'continue');
    await until(firefox, `document.querySelector('[data-metric="step"]').dataset.value > 5`, 60);
    await press(firefox, 'stop');
    await until(firefox, `${panel('mlp')}?.state === 'done'`, 30);
  });
});

test('Verify runs in Firefox', { tag: ['@long', '@firefox'] }, async ({ site }) => {
  test.setTimeout(400_000);
  await withFirefox(async (firefox) => {
    await firefox.go(`${site.url}#/verify?device=cpu`);
    await until(firefox, `${panel('verify')}?.state === 'idle'`, 60);
    await press(firefox, 'verify');
    await until(firefox, `${panel('verify')}?.state === 'done'`, 300);
    assert.equal(await metric(firefox, 'verify_failed'), 0);
    assert.ok((await metric(firefox, 'verify_cases')) > 60);
  });
});
