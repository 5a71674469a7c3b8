// The dialog "Share and embed": from a question to a snippet on the clipboard, for every tool, and assignments.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { checkAccess, checkFits, expect, frames, probed, shot, test } from './lib/test.mjs';
import { choose, openDialog, snippet } from './lib/share.mjs';

/** The smallest screen that a teacher is expected to have. */
const LAPTOP = { width: 1366, height: 650 };
const FOCUSABLE = 'button, select, textarea, input:not([type="hidden"]), summary, a[href], [tabindex="0"]';

/** Returns the controls of the dialog that are in sight, by their names. */
const inSight = (dialog) =>
  dialog.evaluate((dialog, selector) => {
    const around = (node) => [...(function* () {
      for (let at = node.parentElement; at && dialog.contains(at); at = at.parentElement) if (getComputedStyle(at).overflowY !== 'visible') yield at.getBoundingClientRect();
    })()];
    const isSeen = (node) => {
      const { top, bottom, left, right, width, height } = node.getBoundingClientRect();
      const inside = (box) => bottom > box.top + 4 && top < box.bottom - 4 && right > box.left && left < box.right;
      return width > 1 && height > 1 && node.checkVisibility() && around(node).every(inside);
    };
    return [...dialog.querySelectorAll(selector)].filter(isSeen).map((node) => node.dataset.action ?? node.dataset.what ?? node.dataset.share ?? node.tagName.toLowerCase());
  }, FOCUSABLE);

const isWhole = (locator) => locator.evaluate((node) => {
  const { top, bottom, left, right } = node.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
});

const ready = (page) => page.locator('[data-preview="ready"]').waitFor({ timeout: 30_000 });

/** Returns the keys of a link's query. */
const keysOf = (link) => Object.fromEntries(new URLSearchParams(link.split('?').slice(1).join('?')));

test('the dialog opens with few controls, and with preview and snippet in sight', async ({ open }) => {
  const page = await open('#/rnn/memory?device=cpu', LAPTOP);
  const dialog = await openDialog(page);
  const controls = await inSight(dialog);
  console.log(`controls in sight: ${controls.length} (${controls.join(', ')})`);
  assert.ok(controls.length <= 18, controls.join());
  assert.equal(await page.evaluate(() => document.activeElement.dataset.what), 'panel', 'the focus starts at the first choice');
  await ready(page);
  for (const part of ['.share-area', '[data-output]', '[data-action="copy-element"]', '[data-share="tool"]', '[data-share="ask"]']) assert.ok(await isWhole(dialog.locator(part)), part);
  await page.frameLocator('.share-preview iframe').locator('[data-panel="rnn"]').waitFor();
  assert.match(await dialog.locator('.share-preview p').innerText(), /\d{3,4} pixels high/);
  await checkFits(page);
  await checkAccess(page, 'the dialog', 'dialog');
  await shot(page, 'share-panel');
  // The preview keeps its place while it loads again, and the snippet follows at once.
  const before = await dialog.locator('.share-area').boundingBox();
  await dialog.locator('[data-share="ask"]').fill('Why?');
  assert.match(await dialog.locator('[data-output]').inputValue(), /ask="Why\?"/);
  assert.deepEqual(await dialog.locator('.share-area').boundingBox(), before);
  await page.frameLocator('.share-preview iframe').getByText('Why?').waitFor();
});

test('a teacher asks a question with few presses, and has the snippet on the clipboard', async ({ open }) => {
  const page = await open('#/rnn/memory?device=cpu&seq_len=50', LAPTOP);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await probed(page);
  const start = Date.now();
  let pressed = 0;
  const press = (act) => (pressed++, act);
  await press(page.locator('[data-action="share"]').click());
  const dialog = page.locator('dialog.share-dialog');
  await press(dialog.locator('[data-share="tool"]').selectOption('mkdocs'));
  await press(dialog.locator('[data-share="ask"]').pressSequentially('How accurate will the RNN be?', { delay: 30 }));
  await press(dialog.locator('[data-share="guess"]').selectOption('number'));
  await press(dialog.locator('[data-share="metric"]').selectOption({ label: 'Accuracy, RNN (accuracy_rnn)' }));
  await press(dialog.locator('[data-share="tolerance"]').fill('0.05'));
  await press(dialog.locator('[data-action="copy-element"]').click());
  await dialog.getByRole('button', { name: 'Copied' }).waitFor();
  const seconds = (Date.now() - start) / 1000;
  console.log(`from the question to the clipboard: ${pressed} controls, ${seconds.toFixed(1)} s by script`);
  assert.ok(pressed <= 8 && seconds < 30);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  for (const part of ['<nn-lab panel="rnn" chapter="memory"', ' seq-len="50"', ' ask="How accurate will the RNN be?" ask-guess="number" ask-metric="accuracy_rnn" ask-answer="measured" ask-tolerance="0.05"']) assert.ok(copied.includes(part), copied);
  assert.ok(!copied.includes('<script'), copied);
});

test('every tool gets its own snippet, and the dialog remembers the tool', async ({ open }) => {
  const page = await open('#/rnn?device=cpu&seq_len=50', LAPTOP);
  const dialog = await openDialog(page);
  const tools = {
    html: [/^<script type="module" src="http[^"]+\/embed\.js"><\/script>\n<nn-lab panel="rnn"/, null, 'element'],
    mkdocs: [/^<nn-lab panel="rnn"/, /extra_javascript/],
    sphinx: [/^```\{raw\} html\n<script[^]+\n```$/, null],
    'jupyter-book': [/^:::\{anywidget\} http\S+\/embed\.js\n\{.*"settings":\{.*"seq_len":50.*\}.*\}\n:::$/, null],
    notebook: [/^from nn_lab import Lab\n\nLab\("rnn", .*seq_len=50/, /pip install/],
    marimo: [/mo\.ui\.anywidget\(Lab\("rnn"/, /pip install/],
    docusaurus: [/^<nn-lab panel="rnn"/, /scripts: \[/],
    vitepress: [/^<nn-lab panel="rnn"/, /isCustomElement/],
    hugo: [/^<script[^]+<nn-lab/, /unsafe = true/],
    quarto: [/^```\{=html\}\n[^]+\n```$/, null],
    reveal: [/^<div style="height: 600px; overflow: auto">\n/, null],
    div: [/^<div class="nn-lab" data-panel="rnn"[^>]* data-seq-len="50"/, /<script type="module"/],
    frame: [/^<iframe src="http[^"]+#\/rnn\?[^"]*&amp;embed=1"/, null, 'iframe'],
    h5p: [/^http\S+#\/rnn\?\S*&embed=1$/, null],
    link: [/^http\S+#\/rnn\?\S*seq_len=50/, null],
  };
  for (const [tool, [pattern, setup, name]] of Object.entries(tools)) {
    assert.match(await snippet(page, tool, name), pattern, tool);
    const code = dialog.locator('[data-setup]');
    if (setup) assert.match(await code.innerText(), setup, tool);
    else assert.equal(await code.count(), 0, tool);
  }
  const offered = await dialog.locator('[data-share="tool"] option').evaluateAll((all) => all.map(({ value }) => value));
  assert.deepEqual(offered.filter((tool) => tool !== 'package').sort(), Object.keys(tools).sort());
  await snippet(page, 'hugo');
  await page.reload();
  await openDialog(page);
  await expect(dialog.locator('[data-share="tool"]')).toHaveValue('hugo');
  assert.equal(await dialog.getByRole('link', { name: /^Names of all/ }).getAttribute('href'), 'names.html');
});

test('the draft survives Escape, other sections and a reload; starting over can be undone', async ({ open }) => {
  const page = await open('#/rnn?device=cpu', LAPTOP);
  const dialog = await openDialog(page);
  await choose(page, 'experiment');
  assert.match(await snippet(page, 'link'), /show=[a-z-]+$/);
  await choose(page, 'panel');
  await dialog.locator('[data-share="ask"]').fill('Kept?');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await openDialog(page);
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('Kept?');
  await dialog.locator('[data-action="close-share"]').click();
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu'));
  await page.locator('[data-panel="mlp"]').waitFor();
  await openDialog(page);
  await expect(dialog.locator('[data-share="ask"]'), 'each section has its own question').toHaveValue('');
  await page.goBack();
  await page.locator('[data-panel="rnn"]').waitFor();
  await page.reload();
  await openDialog(page);
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('Kept?');
  await dialog.locator('[data-action="start-over"]').click();
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('');
  await dialog.locator('[data-action="undo-share"]').click();
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('Kept?');
});

test('an address with a question starts another draft', async ({ open }) => {
  const page = await open('#/rnn?device=cpu', LAPTOP);
  const dialog = await openDialog(page);
  await dialog.locator('[data-share="ask"]').fill('Mine');
  await page.keyboard.press('Escape');
  await page.evaluate(() => (location.hash = '#/rnn?device=cpu&show=loss&lock=seed&ask=Best%3F&ask_guess=choice&ask_options=a%7Cb&ask_answer=b'));
  await page.locator('.question-text').waitFor();
  await openDialog(page);
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('Best?');
  assert.ok(await dialog.locator('[data-what="figure"]').isChecked());
  assert.ok(await dialog.locator('[data-show="loss"] input').isChecked());
  assert.ok(await dialog.locator('[data-right="1"] input').isChecked());
  const keys = keysOf(await snippet(page, 'link'));
  assert.deepEqual([keys.show, keys.lock, keys.ask_answer], ['loss', 'seed', 'b']);
});

test('the form offers the right answers that fit, and secret ones are not in the snippet', async ({ open }) => {
  const page = await open('#/rnn?device=cpu', LAPTOP);
  const dialog = await openDialog(page);
  const set = (hook, value) => dialog.locator(`[data-share="${hook}"]`).fill(value);
  const pick = (hook, value) => dialog.locator(`select[data-share="${hook}"]`).selectOption(value);
  const keys = async () => keysOf(await snippet(page, 'link'));
  await set('ask', 'How "much", in %?');
  await pick('guess', 'number');
  assert.equal((await keys()).ask_answer, 'measured');
  await pick('right', 'range');
  await set('low', '0,85');
  await set('high', '0.95');
  assert.equal((await keys()).ask_answer, '0.85..0.95');
  await set('high', '0.1');
  await dialog.locator('.notice', { hasText: 'is not a range' }).waitFor();
  await pick('right', 'value');
  await set('value', '0.9');
  await pick('feedback', 'now');
  assert.deepEqual([(await keys()).ask_answer, (await keys()).ask_feedback], ['0.9', 'now']);
  await pick('feedback', 'none');
  assert.deepEqual([(await keys()).ask_answer, (await keys()).ask_feedback], [undefined, 'none']);
  assert.doesNotMatch(await snippet(page, 'html', 'element'), /0\.9/);
  await pick('right', 'none');
  assert.equal((await keys()).ask_answer, undefined);
  await pick('guess', 'choice');
  await set('options', 'RNN\nLSTM');
  await pick('feedback', 'run');
  assert.equal((await keys()).ask_answer, undefined, 'no option is right before its author marks one');
  await dialog.locator('[data-right="1"] input').check();
  assert.equal((await keys()).ask_answer, 'LSTM');
  await dialog.locator('[data-right="largest"] input').check();
  await dialog.locator('.notice', { hasText: 'needs one metric' }).waitFor();
  await dialog.getByLabel('“RNN” is answered by').selectOption('accuracy_rnn');
  await dialog.getByLabel('“LSTM” is answered by').selectOption('accuracy_lstm');
  await expect(dialog.locator('.notice')).toHaveCount(0);
  assert.equal((await keys()).ask_metric, 'accuracy_rnn,accuracy_lstm');
  await pick('guess', 'curve');
  assert.equal((await keys()).ask_range, '0,1');
  await checkAccess(page, 'a question', 'dialog');
});

test('an assignment gets questions of several sections, a file and one link', async ({ open }) => {
  const page = await open('#/rnn/memory?device=cpu&seq_len=20&steps=20', LAPTOP);
  await probed(page);
  const dialog = await openDialog(page);
  await choose(page, 'assignment');
  await dialog.locator('[data-empty]').waitFor();
  await dialog.locator('[data-share="lesson-title"]').fill('Memory & depth');
  await dialog.locator('[data-share="lesson-text"]').fill('Predict first.');
  await dialog.locator('[data-share="ask"]').fill('How accurate?');
  await dialog.locator('[data-share="guess"]').selectOption('number');
  await dialog.locator('select[data-share="feedback"]').selectOption('none');
  await dialog.locator('[data-action="add-item"]').click();
  await expect(dialog.locator('[data-item]')).toHaveCount(1);
  await dialog.locator('[data-share="part"]').selectOption('experiment');
  await dialog.locator('[data-action="add-item"]').click();
  await page.keyboard.press('Escape');
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu&depth=4'));
  await page.locator('[data-panel="mlp"]').waitFor();
  await openDialog(page);
  await dialog.locator('[data-share="ask"]').fill('How deep?');
  await dialog.locator('[data-action="add-item"]').click();
  const ids = () => dialog.locator('[data-item]').evaluateAll((all) => all.map((item) => item.dataset.item).join(' '));
  await expect.poll(ids).toBe('q1 q2 q3');
  await dialog.locator('[data-item="q3"] [data-action="item-up"]').click();
  await expect.poll(ids).toBe('q1 q3 q2');
  await dialog.locator('[data-item="q2"] [data-action="delete-item"]').click();
  await expect.poll(ids).toBe('q1 q3');
  await dialog.locator('[data-action="undo-share"]').click();
  await expect.poll(ids).toBe('q1 q3 q2');
  await checkAccess(page, 'an assignment', 'dialog');
  await shot(page, 'share-assignment');

  const link = await snippet(page, 'link');
  const keys = keysOf(link);
  assert.match(link, /#\/lesson\?lesson=memory-depth&/);
  assert.deepEqual([keys.lesson_title, keys.lesson_text], ['Memory & depth', 'Predict first.']);
  const [first, second] = [keys.item1, keys.item2].map(keysOf);
  assert.match(`${keys.item1} ${keys.item2}`, /^rnn\/memory\?\S+ mlp\?\S+$/);
  assert.deepEqual([first.seq_len, first.ask_id, first.ask_feedback, second.depth, second.ask], ['20', 'q1', 'none', '4', 'How deep?']);
  assert.equal(first.ask_answer, undefined, 'without feedback, the link has no right answer');
  assert.match(await snippet(page, 'html', 'element'), /<nn-lab panel="lesson" .*lesson="memory-depth" .*item1="rnn\/memory\?/);

  // A question of another section is edited there, with its own settings.
  await dialog.locator('[data-item="q1"] [data-action="edit-item"]').click();
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('How accurate?');
  assert.match(page.url(), /#\/rnn\/memory\?.*seq_len=20/);
  await dialog.locator('[data-share="ask"]').fill('How accurate is it?');
  await dialog.locator('[data-action="add-item"]').click();
  await expect.poll(ids).toBe('q1 q3 q2');
  const changed = keysOf(keysOf(await snippet(page, 'link')).item1);
  assert.deepEqual([changed.ask, changed.seq_len], ['How accurate is it?', '20']);

  const [saved] = await Promise.all([page.waitForEvent('download'), dialog.locator('[data-action="save-lesson"]').click()]);
  assert.equal(saved.suggestedFilename(), 'nn-lab-lesson-memory-depth.json');
  const text = readFileSync(await saved.path(), 'utf8');
  const lesson = JSON.parse(text);
  assert.deepEqual([lesson.schema, lesson.items.map(({ id }) => id).join(' '), lesson.items[0].keys.ask_answer], ['nn-lab/lesson', 'q1 q3 q2', 'measured']);

  // A damaged file changes nothing; the saved one is opened again.
  const file = dialog.locator('[data-action="open-lesson"]');
  const give = (name, content) => file.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
  for (const [name, content, words] of [['run.json', '{"schema":"nn-lab/run"}', 'it is not a lesson'], ['cut.json', text.slice(0, 100), 'it is not JSON'], ['new.json', text.replace('"schema_version": 1', '"schema_version": 9'), 'newer version']]) {
    await give(name, content);
    await dialog.locator('.notice[data-kind="error"]', { hasText: `${name} was not opened: ${words}` }).or(dialog.locator('.notice[data-kind="error"]', { hasText: words })).first().waitFor();
    assert.equal(await ids(), 'q1 q3 q2');
  }
  await dialog.locator('[data-action="start-over"]').click();
  await choose(page, 'assignment');
  await give('lesson.json', text);
  await expect.poll(ids).toBe('q1 q3 q2');
  await expect(dialog.locator('[data-share="lesson-title"]')).toHaveValue('Memory & depth');
  assert.match(keysOf(await snippet(page, 'link')).item1, /How%20accurate%20is%20it/);

  // The packages for course systems.
  await dialog.locator('[data-share="tool"]').selectOption('package');
  for (const [end, start] of [['-scorm12.zip', 'PK'], ['-scorm2004.zip', 'PK'], ['.imscc', 'PK']]) {
    const [zip] = await Promise.all([page.waitForEvent('download'), dialog.locator(`[data-package="${end}"]`).click()]);
    assert.equal(zip.suggestedFilename(), `memory-depth${end}`);
    const bytes = readFileSync(await zip.path());
    assert.equal(bytes.subarray(0, 2).toString(), start);
    console.log(`${zip.suggestedFilename()}: ${bytes.length} bytes`);
  }
  await dialog.locator('[data-preview-of="lesson"]').check();
  await page.frameLocator('.share-preview iframe').getByText('Memory & depth').first().waitFor();
  await page.goto(link);
  await page.getByText('Memory & depth').first().waitFor();
});

test('on a phone, the snippet follows the first choice, and nothing is wider than the page', async ({ open }) => {
  const page = await open('#/rnn?device=cpu', { width: 390, height: 844, theme: 'dark' });
  const dialog = await openDialog(page);
  await ready(page);
  await checkFits(page);
  const top = (selector) => dialog.locator(selector).first().evaluate((node) => node.getBoundingClientRect().top);
  const tops = await Promise.all(['[data-what="panel"]', '[data-output]', '.share-area', '[data-share="tool"]', '[data-share="ask"]'].map(top));
  assert.deepEqual([...tops].sort((a, b) => a - b), tops);
  const body = await dialog.locator('.share-body').evaluate((node) => [node.scrollWidth, node.clientWidth]);
  assert.ok(body[0] <= body[1], String(body));
  await checkAccess(page, 'a phone, dark', 'dialog');
  await shot(page, 'share-phone');
});

test('a browser that stores nothing is named, and the draft survives Escape there', async ({ open }) => {
  const init = () => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('blocked', 'SecurityError'); } });
  const page = await open('#/rnn?device=cpu', { ...LAPTOP, init });
  const dialog = await openDialog(page);
  await dialog.getByText('This browser stores nothing for this page').waitFor();
  await dialog.locator('[data-share="ask"]').fill('Kept?');
  await page.keyboard.press('Escape');
  await frames(page, 4);
  await openDialog(page);
  await expect(dialog.locator('[data-share="ask"]')).toHaveValue('Kept?');
});
