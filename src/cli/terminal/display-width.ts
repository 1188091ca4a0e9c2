/** Returns how many columns of a terminal a text takes; Chinese characters take two. */
export function displayWidth(text: string): number {
  // Most texts are, and a table of events may hold a hundred thousand.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += /[\u1100-\u115f\u2e80-\uffe6]/.test(character) ? 2 : 1;
  return width;
}
