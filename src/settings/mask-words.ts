import { masked, secretName, secretValue } from '../runtime/secrets.js';
import { splitWords } from './split-words.js';

/** A flag, a variable, a header or a parameter, and what stands between it and its value. */
const named = /([\w.-]+)(\s*[=:]\s*|\s+)/g;

/** A flag with which curl takes `user:password`, also as it stands before that in a script, or begins one word with it. */
const userFlag = /^(?:-[a-z]*u|--(?:proxy-)?user)$/i;
const userFlagWithin =
  /(?<![^\s"'])(?:-[a-z]*?u\s*|--(?:proxy-)?user(?:\s+|=))(?!["']?https?:\/\/)(?=(?:"[^":]*|'[^':]*|[^\s:"']*):)/i;

/** `user:password`; a URL is none. */
const userAndPassword = /^(?!https?:\/\/)[^:]*:/i;

/**
 * Returns a command without what follows the names under which secrets are handed out: `--token`, `API_KEY=`, `Authorization:`,
 * and without the `user:password` of `-u` and `--user`.
 */
export function maskWords(text: string): string {
  const words = splitWords(text);
  // Of one that can't be read nobody knows where a secret begins.
  if (words === null) return masked;
  const shown = words.map((word, i) => (isSecretBehind(words[i - 1] ?? '', word) ? masked : maskWord(word)));
  if (shown.every((word, i) => word === words[i])) return text;
  return text.trimStart().startsWith('[') ? JSON.stringify(shown) : shown.map(quoted).join(' ');
}

function isSecretBehind(flag: string, word: string): boolean {
  if (userFlag.test(flag) && userAndPassword.test(word)) return true;
  return /^-[\w.-]+$/.test(flag) && secretName.test(flag);
}

/** Of a word that is a script itself nothing is shown behind the first secret: only its shell knows where that ends. */
function maskWord(word: string): string {
  if (secretValue.test(word)) return masked;
  const begins = [...word.matchAll(named)].filter(isSecret).map(endOf);
  const user = userFlagWithin.exec(word);
  const first = Math.min(...begins, user === null ? Infinity : endOf(user));
  return first < word.length ? word.slice(0, first) + masked : word;
}

function isSecret({ 1: name = '', 2: between = '' }: RegExpExecArray): boolean {
  return secretName.test(name) && (between.trim() !== '' || name.startsWith('-'));
}

function endOf({ 0: found, index }: RegExpExecArray): number {
  return index + found.length;
}

function quoted(word: string): string {
  if (/^[^\s"']+$/.test(word)) return word;
  return word.includes("'") ? `"${word}"` : `'${word}'`;
}
