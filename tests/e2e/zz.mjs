import { act, address, closeAll, withPage } from './lib/browser.mjs';
const [slug, query] = process.argv.slice(2);
try {
await withPage(address(slug, Object.fromEntries(new URLSearchParams(query))), async (page) => {
  page.on('console', (m) => console.log('console', m.type(), m.text().slice(0, 1500)));
  for (const w of page.workers()) w.on('console', (m) => console.log('w', m.text().slice(0, 1500)));
  page.on('worker', (w) => w.on('console', (m) => console.log('w', m.text().slice(0, 1500))));
  await page.waitForSelector('[data-panel] [data-param]');
  await act(page, 'train');
  const t = Date.now();
  while (Date.now() - t < 60000) {
    const s = await page.locator('[data-panel]').first().getAttribute('data-state');
    if (s === 'done' || s === 'error') { console.log(s, (Date.now() - t) / 1000); break; }
    await page.waitForTimeout(200);
  }
  console.log(await page.locator('[role=alert], .notice').allInnerTexts());
});
} catch (e) { console.log(String(e).slice(0, 3000)); }
await closeAll();
