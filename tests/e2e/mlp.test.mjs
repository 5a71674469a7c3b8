// Section 1 on the CPU, as a visitor uses it.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { act, address, device, frames, metric, setParam, shot, state, stays, train, waitMetric, waitState, withPage } from './lib/browser.mjs';

const cpu = (params) => address('mlp', { device: 'cpu', ...params });

test('on spirals a ReLU net learns what its linear twin cannot', { timeout: 90_000 }, () =>
  withPage(cpu({ steps: 600 }), async (page) => {
    assert.equal(await state(page), 'idle');
    const counted = await waitMetric(page, 'params_counted');
    assert.equal(counted, await waitMetric(page, 'params_formula'));
    assert.ok((await waitMetric(page, 'rank_linear')) <= (await waitMetric(page, 'rank_bound')));
    assert.ok((await waitMetric(page, 'rank_activated')) > (await waitMetric(page, 'rank_linear')));
    assert.ok((await waitMetric(page, 'collapse_max_abs_diff')) < 1e-3);
    await shot(page, 'mlp-1280-light-before');

    await act(page, 'train');
    const first = await waitMetric(page, 'loss_activated');
    await waitMetric(page, 'step', (step) => step > 20);
    await shot(page, 'mlp-1280-light-during');
    await waitState(page, 'done', 60_000);
    assert.equal(await device(page), 'cpu');
    assert.equal(await metric(page, 'step'), 600);
    const last = await metric(page, 'loss_activated');
    assert.ok(last < first / 2, `the loss went from ${first} to ${last}`);
    const [linear, activated] = [await metric(page, 'accuracy_linear'), await metric(page, 'accuracy_activated')];
    assert.ok(linear < 0.7 && linear > 0.3, `the linear net reaches ${linear}`);
    assert.ok(activated > linear + 0.1, `the ReLU net reaches ${activated}, the linear one ${linear}`);
    assert.ok((await metric(page, 'loss_linear')) > last);
    await shot(page, 'mlp-1280-light-after');
  }));

test('dark and narrow look right', { timeout: 60_000 }, async () => {
  await withPage(
    cpu({ steps: 100 }),
    async (page) => {
      await waitMetric(page, 'params_counted');
      await shot(page, 'mlp-400-dark-before');
      await train(page, []);
      await shot(page, 'mlp-400-dark-after');
    },
    { width: 400, height: 800, theme: 'dark' },
  );
  await withPage(cpu({ theme: 'dark' }), async (page) => {
    await waitMetric(page, 'params_counted');
    await shot(page, 'mlp-1280-dark-before');
  });
});

test('pause holds the counter, step moves it by one, resume goes on, reset clears', { timeout: 60_000 }, () =>
  withPage(cpu({ steps: 20_000, width: 64 }), async (page) => {
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 5);
    await act(page, 'pause');
    await waitState(page, 'paused');
    // What was under way when Pause was pressed still arrives.
    await frames(page, 20);
    const held = await metric(page, 'step');
    await stays(page, 'step', held, 'the counter went on while paused');

    await act(page, 'step');
    await waitMetric(page, 'step', (step) => step === held + 1);
    await stays(page, 'step', held + 1);

    await act(page, 'resume');
    await waitMetric(page, 'step', (step) => step > held + 5);
    await act(page, 'stop');
    await waitState(page, 'done');

    await act(page, 'reset');
    await waitState(page, 'idle');
    assert.equal((await metric(page, 'step')) ?? 0, 0);
    assert.equal(await metric(page, 'loss_activated'), undefined);
  }));

test('a changed setting ends the run', { timeout: 60_000 }, () =>
  withPage(cpu({ steps: 20_000 }), async (page) => {
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 5);
    await page.locator('[data-param="depth"] input[type="range"]').press('ArrowRight');
    await waitState(page, 'idle');
    await waitMetric(page, 'step', (step) => step === 0);
    await stays(page, 'step', 0, 'a late frame of the old run came through');
    await page.waitForURL(/depth=4/);
  }));

test('new frames do not take away what is being typed', { timeout: 60_000 }, () =>
  withPage(cpu({ steps: 20_000 }), async (page) => {
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 5);
    const field = page.locator('[data-param="width"] input[type="number"]');
    await field.fill('16');
    // The run goes on and sends frames all the while.
    const before = await metric(page, 'step');
    await waitMetric(page, 'step', (step) => step > before + 20);
    assert.equal(await field.inputValue(), '16');
    await field.press('Enter');
    await waitState(page, 'idle');
    await page.waitForURL(/width=16/);
  }));

test('one seed gives one run, another seed another', { timeout: 90_000 }, async () => {
  const loss = (seed) =>
    withPage(cpu({ steps: 50, seed }), async (page) => {
      const first = await train(page, ['loss_activated', 'loss_linear']);
      if (seed === 7) {
        await act(page, 'reset');
        await waitState(page, 'idle');
        assert.deepEqual(await train(page, ['loss_activated', 'loss_linear']), first, 'the same page, trained again');
      }
      return first;
    });
  const [once, again, other] = [await loss(7), await loss(7), await loss(8)];
  assert.deepEqual(again, once);
  assert.notEqual(other.loss_activated, once.loss_activated);
});

test('Fashion-MNIST is learned on the CPU', { timeout: 150_000 }, () =>
  withPage(cpu({ dataset: 'fashion-mnist', steps: 500, depth: 2, width: 64, learning_rate: 0.003 }), async (page) => {
    const { accuracy_activated } = await train(page, ['accuracy_activated'], 120_000);
    assert.ok(accuracy_activated > 0.8, `test accuracy ${accuracy_activated}`);
    await shot(page, 'mlp-1280-light-fashion');
  }));

test('the learning rate may change while the nets train', { timeout: 60_000 }, () =>
  withPage(cpu({ steps: 20_000, width: 64 }), async (page) => {
    await act(page, 'train');
    const before = await waitMetric(page, 'step', (step) => step > 5);
    await setParam(page, 'learning_rate', 0.001);
    await waitMetric(page, 'step', (step) => step > before + 20);
    assert.equal(await state(page), 'running');
  }));

test('Back undoes a change of settings', { timeout: 60_000 }, () =>
  withPage(cpu({}), async (page) => {
    await setParam(page, 'width', 16);
    await page.waitForURL(/width=16/);
    await setParam(page, 'depth', 5);
    await page.waitForURL(/depth=5/);
    await page.goBack();
    // The address changes first, then the page.
    await page.waitForFunction(() => document.querySelector('[data-param="depth"] input[type="number"]').value === '3');
    assert.equal(Number(await page.locator('[data-param="width"] input[type="number"]').inputValue()), 16);
  }));
