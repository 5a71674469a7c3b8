// A course system for tests: scorm-again in a page, with a package in a frame and a lesson of another origin in the package.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { coursePackage } from './package.mjs';
import { test as base } from '../lib/test.mjs';

const library = (version) => readFileSync(createRequire(import.meta.url).resolve(`scorm-again/scorm${version}/min`), 'utf8');

/** A lesson that reports nothing by itself. It keeps the messages that it receives. */
const LESSON = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Lesson</title><link rel="icon" href="data:,"><h1>Lesson</h1><script>
  window.got = [];
  addEventListener('message', ({ data }) => got.push(data));
  window.tell = (type, more) => parent.postMessage({ source: 'nn-lab', version: 1, panel: 'lesson', type, ...more }, '*');
  tell('ready', { lab: '0.2.0', settings: {} });
</script></html>`;

/** The page of the course system. The functions of the API are recorded in `calls`. */
const SYSTEM = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Course</title><link rel="icon" href="data:,"><style>body { margin: 0 } iframe { width: 100%; height: 800px; border: 0 }</style>
<script src="scorm.js"></script><script>
  window.calls = [];
  // Offers the functions of an API under its name and records their calls. A call that matches the pattern fails.
  function offer(name, api, fails) {
    const functions = ['Initialize', 'Terminate', 'Finish', 'GetValue', 'SetValue', 'Commit', 'GetLastError', 'GetErrorString'];
    let code = '0';
    window[name] = {};
    for (const part of functions) {
      for (const full of [part, 'LMS' + part]) {
        if (!api[full] && !api['lms' + part]) continue;
        window[name][full] = (...values) => {
          let result;
          if (fails && part === 'GetLastError' && code !== '0') result = code;
          else if (fails && part === 'GetErrorString' && code !== '0') result = 'General Set Failure';
          else if (fails && /^(Set|Commit|Terminate|Finish)/.test(part) && fails.test([part, ...values].join(' '))) [result, code] = ['false', '351'];
          else [result, code] = [api[full](...values), '0'];
          calls.push([full, ...values, result]);
          return result;
        };
      }
    }
  }
  window.launch = (version, { data, fails, at = 'sco/index.html', ...settings } = {}) => {
    calls.length = 0;
    const api = version === '12' ? new Scorm12API({ autocommit: false, ...settings }) : new Scorm2004API({ autocommit: false, ...settings });
    if (data) api.loadFromJSON(data.cmi ?? data, 'cmi');
    offer(version === '12' ? 'API' : 'API_1484_11', api, fails && new RegExp(fails));
    window.api = api;
    document.body.append(Object.assign(document.createElement('iframe'), { id: 'sco', src: at }));
  };
  // Closes the lesson as a course system does, and returns what it keeps.
  window.leave = async () => {
    const frame = document.getElementById('sco');
    const gone = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
    frame.src = 'about:blank';
    await gone;
    frame.remove();
    return JSON.parse(JSON.stringify(api.cmi));
  };
</script><body></body></html>`;

/** Returns the link to a lesson with these items: addresses of panels. */
export const lessonLink = (lab, items) =>
  `${lab}index.html#/lesson?lesson=memory&lesson_title=Memory${items.map((item, i) => `&item${i + 1}=${encodeURIComponent(item)}`).join('')}&embed=1`;

export const test = base.extend({
  /**
   * Opens a course system with a package and returns its page, the package and the lesson in it. `items` are the addresses of the
   * lesson's panels; `lesson` is another page in place of the lesson, and `pack` has the files of another package. Other options are those of
   * `launch` above and of `open`. Changes are stored after `saveMs`.
   */
  course: async ({ open, serve }, use) => {
    await use(async (version, { items = [], lesson = LESSON, link, files = {}, pack, allow, saveMs = 20, starts = true, init, ...options } = {}) => {
      const lab = await serve({ pages: { 'index.html': lesson } });
      const address = link ?? lessonLink(lab.url, items);
      const pages = { 'index.html': SYSTEM, 'scorm.js': library(version), ...files };
      for (const [name, text] of Object.entries(pack ?? coursePackage(`scorm${version}`, { id: 'memory', title: 'Memory & depth', link: address }))) pages[`sco/${name}`] = text.replace('SAVE_MS = 500', `SAVE_MS = ${saveMs}`);
      const host = await serve({ pages });
      const page = await open('', { from: host, ready: false, allow, init });
      await page.waitForFunction(() => window.launch);
      const course = {
        page,
        lab,
        host,
        link: address,
        package: page.frameLocator('#sco'),
        notices: page.frameLocator('#sco').locator('#notices p'),
        launch: (more = {}) => page.evaluate(([version, more]) => window.launch(version, more), [version, { ...options, ...more }]),
        leave: () => page.evaluate(() => window.leave()),
        calls: () => page.evaluate(() => window.calls),
        value: (element) => page.evaluate((element) => window.api.getCMIValue(element), element),
        /** The frame of the lesson, once it has loaded. */
        async lesson() {
          const find = () => page.frames().find((frame) => frame.url().startsWith(lab.url));
          for (let tries = 0; !find() && tries < 200; tries++) await page.waitForTimeout(25);
          await find().locator('h1').waitFor();
          return find();
        },
        /** Waits until the course system has been asked to store something. */
        async stored(body) {
          const count = () => page.evaluate(() => window.calls.filter(([name]) => name.endsWith('Commit')).length);
          const before = await count();
          await body();
          await page.waitForFunction((before) => window.calls.filter(([name]) => name.endsWith('Commit')).length > before, before);
        },
        /** Posts a message as the lesson does. */
        async tell(type, more) {
          await (await course.lesson()).evaluate(([type, more]) => window.tell(type, more), [type, more]);
        },
        /** Returns the messages that the lesson has received. */
        async got(type) {
          return (await (await course.lesson()).evaluate(() => window.got)).filter((message) => message.type === type);
        },
        /** Returns the record that the lesson gets back. */
        async restored() {
          const lesson = await course.lesson();
          await lesson.waitForFunction(() => window.got.some(({ type }) => type === 'restore'));
          return (await course.got('restore'))[0].record;
        },
      };
      if (starts) {
        await course.launch();
        await course.lesson();
      }
      return course;
    });
  },
});
