import type { JsonValue } from '../../model/event-message.js';

/** An object of JSON as it is read: by its members' names. */
export type Members = Readonly<Record<string, JsonValue | undefined>>;

/** Returns an object's own member: an argument may be called as what every object inherits, `constructor` say. */
export function memberOf(members: Members, key: string): JsonValue | undefined {
  return Object.hasOwn(members, key) ? members[key] : undefined;
}

/**
 * Reads members of an event's arguments. Those of one event are written alike, and of most events all of them are texts:
 * these are cut out of the JSON, which costs half of what parsing it does. Whatever is written otherwise is parsed.
 */
export class ArgumentsReader {
  readonly #keys: readonly string[];
  /** What stands before each member's text; null: not yet known. Empty: they are not all texts. */
  #heads: readonly string[] | null = null;
  /** Where the keys are among the members. */
  #members: readonly number[] = [];

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  /** Returns the value of each key; undefined where there is none. */
  read(json: string): readonly (JsonValue | undefined)[] {
    const texts = this.#heads === null || this.#heads.length === 0 ? null : textsOf(json, this.#heads);
    if (texts !== null) return this.#members.map((member) => texts[member]);
    const members = JSON.parse(json) as Members;
    if (this.#heads === null) this.#learn(members);
    return this.#keys.map((key) => memberOf(members, key));
  }

  #learn(members: Members): void {
    const names = Object.keys(members);
    const areTexts = Object.values(members).every((value) => typeof value === 'string');
    this.#heads = areTexts ? names.map((name, i) => `${i === 0 ? '{' : '",'}${JSON.stringify(name)}:"`) : [];
    this.#members = this.#keys.map((key) => names.indexOf(key));
  }
}

/** Returns the texts that stand behind each of the heads; null where the JSON is not written so. */
function textsOf(json: string, heads: readonly string[]): readonly string[] | null {
  // Behind a backslash a quotation mark does not end a text.
  if (json.includes('\\')) return null;
  const texts: string[] = [];
  let at = 0;
  for (const head of heads) {
    if (!json.startsWith(head, at)) return null;
    const from = at + head.length;
    at = json.indexOf('"', from);
    if (at < 0) return null;
    texts.push(json.slice(from, at));
  }
  return at === json.length - 2 && json.endsWith('}') ? texts : null;
}
