import { masked, secretName, secretValue } from '../runtime/secrets.js';
import { splitWords } from './split-words.js';

/** A flag, a variable, a header or a parameter, and what stands between it and its value. */
const named = /([\w.-]+)(\s*[=:]\s*|\s+)/g;

/** Returns a command without what follows the names under which secrets are handed out: `--token`, `API_KEY=`, `Authorization:`. */
export function maskWords(text: string): string {
  const words = splitWords(text);
  // Of one that can't be read nobody knows where a secret begins.
  if (words === null) return masked;
  const shown = words.map((word, i) => (isSecretFlag(words[i - 1] ?? '') ? masked : maskWord(word)));
  if (shown.every((word, i) => word === words[i])) return text;
  return text.trimStart().startsWith('[') ? JSON.stringify(shown) : shown.map(quoted).join(' ');
}

function isSecretFlag(word: string): boolean {
  return /^-[\w.-]+$/.test(word) && secretName.test(word);
}

/** Of a word that is a script itself nothing is shown behind the first secret: only its shell knows where that ends. */
function maskWord(word: string): string {
  if (secretValue.test(word)) return masked;
  for (const { 0: found, 1: name = '', 2: between = '', index } of word.matchAll(named)) {
    const isNamed = secretName.test(name) && (between.trim() !== '' || name.startsWith('-'));
    if (isNamed && index + found.length < word.length) return word.slice(0, index + found.length) + masked;
  }
  return word;
}

function quoted(word: string): string {
  if (/^[^\s"']+$/.test(word)) return word;
  return word.includes("'") ? `"${word}"` : `'${word}'`;
}
