// Course packages for tests: the templates of static/course, filled as the lab fills them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/site.mjs';

/** The files of each package: name in the package -> name of the template. */
const FILES = {
  scorm12: { 'imsmanifest.xml': 'scorm12.xml', 'index.html': 'sco.html', 'record.js': 'record.js', 'scorm.js': 'scorm.js' },
  scorm2004: { 'imsmanifest.xml': 'scorm2004.xml', 'index.html': 'sco.html', 'record.js': 'record.js', 'scorm.js': 'scorm.js' },
  cartridge: { 'imsmanifest.xml': 'cartridge.xml', 'weblink.xml': 'weblink.xml' },
};

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Returns the files of a package by name. */
export function coursePackage(kind, { id, title, link }) {
  const values = { ID: id, TITLE: title, LINK: link };
  const fill = (text) => text.replace(/\{\{([A-Z]+)\}\}/g, (_, name) => escaped(values[name]));
  return Object.fromEntries(
    Object.entries(FILES[kind]).map(([name, template]) => {
      const text = readFileSync(join(root, 'static/course', template), 'utf8');
      return [name, template.endsWith('.js') ? text : fill(text)];
    }),
  );
}
