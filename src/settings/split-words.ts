/**
 * Splits a command into words as a shell would, quotes taken away, but without a shell: nothing else is special. A JSON
 * list of words is taken as it is. Returns null where a quote is not closed, or the list is none of words.
 */
export function splitWords(text: string): readonly string[] | null {
  if (text.trimStart().startsWith('[')) return readList(text);
  const pattern = /\s+|((?:[^\s"']|"[^"]*"|'[^']*')+)/gy;
  const words: string[] = [];
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return null;
    if (match[1] !== undefined) words.push(match[1].replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  }
  return words;
}

function readList(text: string): readonly string[] | null {
  try {
    const list = JSON.parse(text) as readonly unknown[];
    return list.every((word) => typeof word === 'string') ? list : null;
  } catch {
    return null;
  }
}
