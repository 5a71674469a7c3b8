// Takes the README's pictures again, from real runs: node tests/e2e/pictures.mjs, after ./lab test e2e has
// built the site.

import { act, address, closeAll, waitState, withPage } from './lib/browser.mjs';

const pictures = [
  ['mlp/boundary', { steps: 600 }, 900],
  ['transformer/attention-heads', { layers: 2, heads: 4, d_model: 64, context: 64, steps: 600, learning_rate: 0.005 }, 1150],
];

try {
  for (const [slug, settings, height] of pictures) {
    await withPage(
      address(slug, { device: 'cpu', ...settings }),
      async (page) => {
        await act(page, 'train');
        await waitState(page, 'done', 300_000);
        await page.screenshot({ path: `docs/${slug.split('/')[0]}.png` });
      },
      { width: 1280, height },
    );
  }
} finally {
  await closeAll();
}
