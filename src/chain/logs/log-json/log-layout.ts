import type { RawLog } from '../../../model/event.js';
import { logBounds } from '../../../model/log-bounds.js';
import { isHexDigits } from '../../abi/hex.js';
import { DecimalReader, NumberReader, TextReader, TopicsReader } from './hex-readers.js';
import type { FieldReader } from './hex-readers.js';
import { Literal } from './json-bytes.js';
import type { JsonBytes } from './json-bytes.js';
import { readLog } from '../../transport/rpc/rpc-values.js';

/** What stands before the digits of a value. */
interface Part {
  readonly before: Literal;
  readonly reader: FieldReader<unknown>;
}

/** Who reads the fields that differ from log to log; others are the same in all, or not there. */
interface FieldReaders {
  address?: TextReader;
  topics?: TopicsReader;
  data?: TextReader;
  blockNumber?: FieldReader<number>;
  blockHash?: TextReader;
  transactionHash?: TextReader;
  transactionIndex?: FieldReader<number>;
  logIndex?: FieldReader<number>;
  blockTimestamp?: FieldReader<number>;
}

const makeReader: Readonly<Record<keyof FieldReaders, () => FieldReader<unknown>>> = {
  address: () => new TextReader(40),
  topics: () => new TopicsReader(),
  data: () => new TextReader(null),
  blockNumber: () => new NumberReader(logBounds.blockNumber),
  blockHash: () => new TextReader(64),
  transactionHash: () => new TextReader(64),
  transactionIndex: () => new NumberReader(logBounds.transactionIndex),
  logIndex: () => new NumberReader(logBounds.logIndex),
  blockTimestamp: () => new NumberReader(logBounds.timestamp),
};

/** The fields that may be written as decimals. */
const decimalBounds = { transactionIndex: logBounds.transactionIndex, logIndex: logBounds.logIndex } as const;

/** What a log says of its block, where it does. */
type LogBlock = Pick<RawLog, 'blockNumber' | 'blockHash' | 'blockTimestamp'>;

/**
 * How a server writes a log: which fields in which order, and what stands between their digits. It writes one like the
 * other, so those behind the first need not be parsed as JSON: what stands between the digits is the same, byte by byte,
 * and digits can't change what it means. A log that is written in any other way is not read.
 */
export class LogLayout {
  readonly #json: JsonBytes;
  readonly #parts: readonly Part[];
  readonly #closing: Literal;
  readonly #readers: FieldReaders;
  /** Holds what is the same in all. */
  #sample: RawLog;
  #end = 0;

  private constructor(
    json: JsonBytes,
    parts: readonly Part[],
    closing: string,
    { readers, sample }: { readonly readers: FieldReaders; readonly sample: RawLog },
  ) {
    this.#json = json;
    this.#parts = parts;
    this.#closing = new Literal(closing);
    this.#readers = readers;
    this.#sample = sample;
  }

  /**
   * Learns from one log; null where it holds blanks, escapes or the like. Throws where it is none. What logs do not say of
   * their block is told by `block`, and by `inBlock` of others.
   */
  static learn(json: JsonBytes, from: number, end: number, block?: LogBlock): LogLayout | null {
    const text = json.text(from, end);
    const log = JSON.parse(text) as object;
    const sample = readLog(block === undefined ? log : { ...log, ...block }, undefined);
    if (JSON.stringify(log) !== text) return null;
    const parts: Part[] = [];
    const readers: Record<string, FieldReader<unknown>> = {};
    let before = '{';
    for (const [name, value] of Object.entries(log) as [string, unknown][]) {
      before += `${before === '{' ? '' : ','}${JSON.stringify(name)}:`;
      const reader = readerOf(name, value);
      if (reader === null) before += JSON.stringify(value);
      else {
        readers[name] = reader;
        parts.push({ before: new Literal(before + reader.opening), reader });
        before = reader.closing;
      }
    }
    return new LogLayout(json, parts, `${before}}`, { readers: readers, sample });
  }

  /** Tells which block the next logs are of, where they don't say so. */
  inBlock(block: LogBlock): void {
    this.#sample = { ...this.#sample, ...block };
  }

  /** Where the log ends that was read last. */
  get end(): number {
    return this.#end;
  }

  /** Reads the log that begins at a place; null where it is written in another way. */
  read(from: number): RawLog | null {
    const json = this.#json;
    let at = from;
    for (const { before, reader } of this.#parts) {
      if (!json.holds(at, before)) return null;
      at = reader.read(json, at + before.length);
      if (at < 0) return null;
    }
    if (!json.holds(at, this.#closing)) return null;
    this.#end = at + this.#closing.length;
    return this.#log();
  }

  #log(): RawLog {
    const [readers, sample] = [this.#readers, this.#sample];
    const timestamp = readers.blockTimestamp === undefined ? sample.blockTimestamp : readers.blockTimestamp.value;
    return {
      address: readers.address?.value ?? sample.address,
      topics: readers.topics?.value ?? sample.topics,
      data: readers.data?.value ?? sample.data,
      blockNumber: readers.blockNumber?.value ?? sample.blockNumber,
      blockHash: readers.blockHash?.value ?? sample.blockHash,
      transactionHash: readers.transactionHash?.value ?? sample.transactionHash,
      transactionIndex: readers.transactionIndex?.value ?? sample.transactionIndex,
      logIndex: readers.logIndex?.value ?? sample.logIndex,
      blockTimestamp: timestamp === 0 ? undefined : timestamp,
      removed: sample.removed,
    };
  }
}

/** Returns who reads values like this one; null where it is no hex in lower case, and has to be the same in all logs. */
function readerOf(name: string, value: unknown): FieldReader<unknown> | null {
  if (name === 'topics') return isTopics(value) ? new TopicsReader() : null;
  if (typeof value === 'number' && Object.hasOwn(decimalBounds, name)) {
    return new DecimalReader(decimalBounds[name as keyof typeof decimalBounds]);
  }
  if (typeof value !== 'string' || !isHexDigits(value)) return null;
  return Object.hasOwn(makeReader, name) ? makeReader[name as keyof FieldReaders]() : new TextReader(null);
}

function isTopics(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((topic) => isHexDigits(String(topic)));
}
