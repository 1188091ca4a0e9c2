import { Composer, Lexer, LineCounter, Parser, visit } from 'yaml';
import type { Alias, CST, Document, Node, ParsedNode } from 'yaml';
import { FileProblemsError } from '../../runtime/errors.js';

/** Deeper nesting than this is an attack on the parser's stack, not a definition. */
const maxDepth = 64;
/** Keys and values of a text: enough for a list of some hundred thousand addresses, in a few hundred MB of memory. */
const maxNodes = 400_000;
/** Words and marks for each of them, spaces and comments included. */
const wordsOfNode = 5;
/** More digits than any number of a chain has: the time to read one grows with their square. */
const mostDigits = 1_000;

/** The parser's document. */
export type AnyDocument = Document.Parsed | Document<ParsedNode>;
/** Where something stands in a file. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Returns the line of an offset in the text. */
export type PlaceAt = (offset: number) => Place;

/** Makes the error of what makes a file none. */
export function unreadable(place: Place, message: string, key: string | null = null): FileProblemsError {
  return new FileProblemsError([{ ...place, key, message }]);
}

/** Reads a text as the parser's one document; throws a UsageError with the place of the first thing that is wrong. */
export function parseDocument(
  text: string,
  file: string,
  mostNodes = maxNodes,
): { readonly document: AnyDocument; readonly placeAt: PlaceAt } {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => ({ file, line: Math.max(1, lines.linePos(offset).line) });
  // A line break of YAML, too, which the parser takes for a character of the line.
  const broken = text.replace(/\r(?!\n)/g, '\n');
  checkWords(broken, placeAt(0), mostNodes);
  const tokens = [...readTokens(broken, lines, placeAt)];
  // One after the other, and no more than tell what is wrong: a text may hold a million documents.
  const [first, second] = composerOf(placeAt).compose(tokens, true, text.length);
  if (first === undefined) throw unreadable(placeAt(0), 'the file is empty');
  const error = first.errors[0] ?? first.warnings[0];
  if (error !== undefined) throw invalid(placeAt(error.pos[0]), error.message);
  if (second !== undefined)
    throw unreadable(placeAt(second.range[0]), 'a second document begins; a file holds one pipeline');
  let nodes = 0;
  visit(first, {
    Node: (_key, node) => {
      if (++nodes > mostNodes) throw unreadable(placeAt(node.range?.[0] ?? 0), tooMany(mostNodes));
    },
  });
  return { document: first, placeAt };
}

/** Words are told apart many times faster than they are understood. */
function checkWords(text: string, place: Place, mostNodes: number): void {
  let words = 0;
  for (const word of new Lexer().lex(text)) {
    if (++words > wordsOfNode * mostNodes) throw unreadable(place, tooMany(mostNodes));
    if (word.length > mostDigits && /^[-+]?\d[\da-fox]*$/i.test(word))
      throw unreadable(place, `a number has more than ${mostDigits} digits`);
  }
}

function* readTokens(text: string, lines: LineCounter, placeAt: PlaceAt): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const word of new Lexer().lex(text)) {
    yield* checkedTokens(parser.next(word), placeAt);
    // What is open costs memory and time, long before it is a token.
    if (parser.stack.length > 2 * maxDepth) throw tooDeep(placeAt(parser.offset));
  }
  yield* checkedTokens(parser.end(), placeAt);
}

function* checkedTokens(tokens: Iterable<CST.Token>, placeAt: PlaceAt): Generator<CST.Token> {
  for (const token of tokens) {
    if (isTooDeep(token, maxDepth)) throw tooDeep(placeAt(token.offset));
    yield token;
  }
}

function tooMany(nodes: number): string {
  return `more than ${nodes} keys and values`;
}

function tooDeep(place: Place): Error {
  return unreadable(place, `nested more than ${maxDepth} levels deep`);
}

function isTooDeep(token: CST.Token | null | undefined, levels: number): boolean {
  if (token === null || token === undefined) return false;
  if (token.type === 'document') return isTooDeep(token.value, levels);
  if (!('items' in token)) return false;
  if (levels === 0) return true;
  return token.items.some((item) => isTooDeep(item.key, levels - 1) || isTooDeep(item.value, levels - 1));
}

function composerOf(placeAt: PlaceAt): Composer {
  const composer = new Composer({ intAsBigInt: true, uniqueKeys: false, keepSourceTokens: false, merge: false });
  let first: Error | undefined;
  // It would go on, and keep an error with a stack for each of a million commas. It catches some, and tells them anew.
  const onError = (
    source: number | readonly number[] | { readonly offset: number },
    _code: unknown,
    message: string,
  ) => {
    const offset = typeof source === 'number' ? source : 'offset' in source ? source.offset : (source[0] ?? 0);
    throw (first ??= invalid(placeAt(offset), message));
  };
  Object.assign(composer, { onError });
  return composer;
}

function invalid(place: Place, message: string): Error {
  return unreadable(place, `not valid YAML or JSON: ${message.replace(/\s+/g, ' ').trim()}`);
}

/** Returns what each alias stands for: the last node with its anchor that begins before it. */
export function aliasTargets(document: AnyDocument): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}
