// Files and folders of this machine that are dragged onto the page.

import { frames } from './browser.mjs';

/**
 * Drags files or folders over the page, as a visitor does, to the center of an element. With `drop: false` they are not
 * dropped. Returns a function that cancels the drag.
 */
export async function drag(page, target, files, { drop = true } = {}) {
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await target.boundingBox();
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  const send = (type) => session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
  for (const type of ['dragEnter', 'dragOver']) await send(type);
  if (drop) {
    // The areas change while files are over the page. Browsers report the pointer again until the drop.
    await frames(page);
    for (const type of ['dragOver', 'drop']) await send(type);
  }
  return () => send('dragCancel');
}
