// Keeps the page alive and up to date while a page translator changes it.
//
// A translator replaces text nodes: Chrome and Edge put `<font>` elements in their place, Firefox puts other text nodes and
// may reorder the elements around them, and some extensions replace a whole paragraph by its text. Yew keeps the nodes
// that it has inserted. Without this script it panics as soon as it inserts something before a text that was replaced,
// and a number that it changes is no longer on the page.
//
// Yew changes the list of an element's children only with `insertBefore` and `removeChild`, and a text only with
// `nodeValue`. Therefore these three remember the order in which the page itself has put its nodes. Before they touch a
// node that is not in its place, they put it back, and remove what the translator has put there. The translator sees the
// change and translates the text again.
//
// A translator runs outside the page's scripts, as part of the browser or in an isolated world, so its own changes do not
// pass through here. Without a translator, each of the three costs one more look-up. Trunk copies this script into
// index.html, before the scripts that start the page.
(() => {
  const { insertBefore, removeChild } = Node.prototype;
  const nodeValue = Object.getOwnPropertyDescriptor(Node.prototype, 'nodeValue');

  /**
   * Elements with data: drawings, formulas, numbers, code, and texts of models. A translator would make a drawing's labels
   * vanish, and change texts that were measured.
   */
  const data = new Set(['svg', 'math', 'OUTPUT', 'CODE', 'PRE']);

  /** node -> its parent and its neighbors, as the page has inserted it. */
  const places = new WeakMap();
  /** parent -> the last node that the page has inserted into it. */
  const lasts = new WeakMap();

  const isIn = (parent, node) => places.get(node)?.parent === parent;

  /** Forgets the place of a node. */
  function unlink(node) {
    const place = places.get(node);
    if (!place) return;
    const { parent, previous, next } = place;
    if (previous) places.get(previous).next = next;
    if (next) places.get(next).previous = previous;
    else lasts.set(parent, previous);
    places.delete(node);
  }

  /** Remembers that a node was inserted before `next`, or at the end. */
  function link(node, parent, next) {
    while (next && !isIn(parent, next)) next = next.nextSibling;
    const previous = next ? places.get(next).previous : lasts.get(parent);
    places.set(node, { parent, previous, next });
    if (previous) places.get(previous).next = node;
    if (next) places.get(next).previous = node;
    else lasts.set(parent, node);
  }

  /** Puts a node back into its place if it is not there. */
  function restore(node) {
    const place = places.get(node);
    if (!place || node.parentNode === place.parent) return;
    const { parent } = place;
    // The nodes that are missing here, and the neighbors that are not missing.
    const missing = [node];
    let { previous, next } = place;
    for (; previous && previous.parentNode !== parent; previous = places.get(previous).previous) missing.unshift(previous);
    for (; next && next.parentNode !== parent; next = places.get(next).next) missing.push(next);
    // The nodes that a translator has put there instead.
    const found = [];
    let at = previous ? previous.nextSibling : parent.firstChild;
    for (; at && at !== next && !isIn(parent, at); at = at.nextSibling) found.push(at);
    // One element for each text is in the order of the texts. Other texts may be in the order of the other language.
    const isPaired = found.length === missing.length && found.every((other) => other.nodeType === Node.ELEMENT_NODE);
    if (isPaired && (at ?? undefined) === (next ?? undefined)) {
      parent.replaceChild(node, found[missing.indexOf(node)]);
    } else {
      restoreAll(parent);
    }
  }

  /**
   * Puts all of an element's nodes back in order, and removes the others. A translator may have joined several texts, or
   * reordered elements. Nodes that are in order stay where they are, so that a field keeps the focus.
   */
  function restoreAll(parent) {
    for (const child of [...parent.childNodes]) if (!isIn(parent, child)) removeChild.call(parent, child);
    let next = null;
    for (let node = lasts.get(parent); node; node = places.get(node).previous) {
      if (node.parentNode !== parent || node.nextSibling !== next) insertBefore.call(parent, node, next);
      next = node;
    }
  }

  /** Puts the elements around a node back, if a translator has replaced one of them by its text. */
  function reconnect(node) {
    for (let up = node; up && !node.isConnected; up = up.parentNode) restore(up);
  }

  Node.prototype.insertBefore = function (node, next) {
    if (data.has(node.nodeName)) node.setAttribute('translate', 'no');
    restore(node);
    if (next) restore(next);
    if (next && next.parentNode !== this) {
      // An error here would end the page, and the message tells the tests.
      console.error('A node is inserted at the end, because the node after it is not there.', this, next);
      next = null;
    }
    insertBefore.call(this, node, next);
    unlink(node);
    link(node, this, next);
    // Not for an element that has yet to be inserted.
    if (places.has(this)) reconnect(this);
    return node;
  };

  Node.prototype.removeChild = function (node) {
    restore(node);
    unlink(node);
    removeChild.call(this, node);
    if (places.has(this)) reconnect(this);
    return node;
  };

  Object.defineProperty(Node.prototype, 'nodeValue', {
    ...nodeValue,
    set(value) {
      nodeValue.set.call(this, value);
      restore(this);
      reconnect(this);
    },
  });
})();
