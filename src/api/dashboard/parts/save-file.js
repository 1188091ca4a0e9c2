import { h } from '../dom.js';

/** Has the browser save a text as a file. */
export function saveFile(name, media, text) {
  const url = URL.createObjectURL(new Blob([text], { type: media }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
