import { eventToJson } from './event-json.js';
import type { EventOrigin } from './event-origin.js';
import type { LogPosition } from './event.js';
import type { StoredEvent } from './stored-event.js';

/** A value of JSON. A bigint is a number that JavaScript's would round. */
export type JsonValue =
  null | boolean | number | bigint | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What a message says: one JSON object, as text and as fields in order. Either is made of the other when it is asked for. */
export class MessageData {
  /** Null where fields were given, or text. */
  readonly #event: StoredEvent | null;
  readonly #origin: EventOrigin | null;
  #text: string | undefined;
  #fields: ReadonlyMap<string, JsonValue> | undefined;

  // Not an object with names: there is one of these for each message.
  private constructor(
    text: string | undefined,
    fields: ReadonlyMap<string, JsonValue> | undefined,
    event: StoredEvent | null,
    origin: EventOrigin | null,
  ) {
    this.#text = text;
    this.#fields = fields;
    this.#event = event;
    this.#origin = origin;
  }

  /** Takes the text of a JSON object. */
  static ofText(text: string): MessageData {
    return new MessageData(text, undefined, null, null);
  }

  /** Takes an event as `eventToJson` writes it: most of its text may never be asked for. */
  static ofEvent(event: StoredEvent, origin: EventOrigin): MessageData {
    return new MessageData(undefined, undefined, event, origin);
  }

  /** Takes fields; their order is that of the text. */
  static ofFields(fields: ReadonlyMap<string, JsonValue>): MessageData {
    return new MessageData(undefined, fields, null, null);
  }

  /** The text of the object's member `args`, where it is known by itself. */
  get argsJson(): string | undefined {
    return this.#event?.argsJson;
  }

  /** The text of the JSON object. */
  get text(): string {
    this.#text ??=
      this.#event === null || this.#origin === null ? textOf(this.fields) : eventToJson(this.#event, this.#origin);
    return this.#text;
  }

  /** The object's fields. */
  get fields(): ReadonlyMap<string, JsonValue> {
    this.#fields ??= new Map(Object.entries(JSON.parse(this.text) as Record<string, JsonValue>));
    return this.#fields;
  }
}

/** A name such as `__proto__` or `1` would not survive an object, in its place or at all. */
function textOf(fields: ReadonlyMap<string, JsonValue>): string {
  const members = [...fields].map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`);
  return `{${members.join(',')}}`;
}

/** Writes a value as JSON; JSON.stringify knows no bigint. */
export function jsonText(value: JsonValue): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(jsonText).join(',')}]`;
  const members = Object.entries(value as Readonly<Record<string, JsonValue>>);
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${jsonText(each)}`).join(',')}}`;
}

/** Where an event stands on the chain: what a message is ordered and named by, whatever stages make of its data. */
export interface MessagePlace extends LogPosition {
  readonly chainId: number;
}

/** What a sink delivers: an event that came to be, or that the chain has taken back. */
export interface EventMessage {
  /** `<chain id>:<block hash>:<transaction hash>:<log index>`: the same for as long as the event is meant. */
  readonly id: string;
  readonly op: 'insert' | 'remove';
  /** Of the messages of one id the highest counts; the same again is a repetition. */
  readonly seq: number;
  /** Orders the versions of one place's rows within a life of the pipeline; the same whenever it is delivered, unless it is sent again. */
  readonly rank: number;
  readonly place: MessagePlace;
  readonly eventName: string;
  readonly eventSignature: string;
  readonly data: MessageData;
}
