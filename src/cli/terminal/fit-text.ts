import { displayWidth } from './display-width.js';

/** Cuts a text to a number of columns; a line that wraps could not be cleared. */
export function fitText(text: string, columns: number): string {
  let width = 0;
  let fitting = '';
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns) break;
    fitting += character;
  }
  return fitting;
}

/** Returns a text in a number of columns: what does not fit ends with `…`. */
export function shortenText(text: string, columns = Infinity): string {
  return displayWidth(text) <= columns ? text : `${fitText(text, columns - 1)}…`;
}
