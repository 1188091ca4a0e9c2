import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { JsonBytes, Literal } from '../logs/log-json/json-bytes.js';
import { LogLayout } from '../logs/log-json/log-layout.js';
import { readBlockHeader, readPortalBlock } from './portal-block.js';
import type { PortalBlock } from './portal-block.js';

const newline = 0x0a;
const closingBrace = 0x7d;
const opening = '{"header":';
const [beforeHeader, beforeLogs, betweenLogs, behindLogs] = [
  new Literal(`${opening}{`),
  new Literal(',"logs":[{'),
  new Literal(',{'),
  new Literal(']}\n'),
];

/**
 * Reads blocks from the lines of an answer, one after the other. Lines that are written as a portal writes them are read from
 * their bytes, log by log; all others are parsed as JSON.
 */
export class PortalLines {
  #json = new JsonBytes(Buffer.alloc(0));
  #at = 0;
  #lineBytes = 0;
  /** How logs are written in these lines; null where that is not known. */
  #layout: LogLayout | null = null;

  /** How long the line was that was read last. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Takes whole lines; those before have been read. */
  take(lines: Buffer): void {
    this.#json = new JsonBytes(lines);
    this.#layout = null;
    this.#at = 0;
  }

  /** Returns the block of the next line; null where there is none. Throws PortalError where it is something else. */
  next(): PortalBlock | null {
    const { buffer } = this.#json;
    const from = this.#at;
    if (from >= buffer.length) return null;
    const end = buffer.indexOf(newline, from);
    this.#lineBytes = end + 1 - from;
    this.#at = end + 1;
    return this.#read(from, end) ?? readPortalBlock(buffer.toString('utf8', from, end));
  }

  /** Returns null where the line is written in another way. */
  #read(from: number, end: number): PortalBlock | null {
    const json = this.#json;
    if (!json.holds(from, beforeHeader)) return null;
    const headerEnd = json.buffer.indexOf(closingBrace, from) + 1;
    const logsFrom = headerEnd + beforeLogs.length - 1;
    if (headerEnd === 0 || logsFrom >= end || !json.holds(headerEnd, beforeLogs)) return null;
    const header = readBlockHeader(json.text(from + opening.length, headerEnd));
    const logs = header && this.#readLogs(header, logsFrom, end);
    return logs && { header, logs };
  }

  #readLogs({ number, hash, timestamp }: BlockHeader, from: number, end: number): readonly RawLog[] | null {
    const json = this.#json;
    const block = { blockNumber: number, blockHash: hash, blockTimestamp: timestamp };
    const layout = (this.#layout ??= this.#learn(block, from));
    layout?.inBlock(block);
    const logs: RawLog[] = [];
    for (let at = from; layout !== null; at = layout.end + 1) {
      const log = layout.read(at);
      if (log === null) return null;
      logs.push(log);
      if (!json.holds(layout.end, betweenLogs))
        return json.holds(layout.end, behindLogs) && layout.end + 2 === end ? logs : null;
    }
    return null;
  }

  /** A log that is none is told by whoever parses its line. */
  #learn(block: Parameters<LogLayout['inBlock']>[0], from: number): LogLayout | null {
    try {
      return LogLayout.learn(this.#json, from, this.#json.buffer.indexOf(closingBrace, from) + 1, block);
    } catch {
      return null;
    }
  }
}
