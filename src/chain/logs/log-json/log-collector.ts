import type { RawLog } from '../../../model/event.js';
import type { Turns } from '../../../runtime/turns.js';
import type { Collector } from '../../transport/rpc/json-rpc-answer.js';
import { readLog, readLogs } from '../../transport/rpc/rpc-values.js';
import { JsonBytes, Literal } from './json-bytes.js';
import { LogLayout } from './log-layout.js';

/** How many bytes are parsed at a time where logs are not written alike: a piece's objects die before many are made. */
const pieceBytes = 64 * 2 ** 10;
/** How many logs are read before the time is looked at. */
const logsPerLook = 16;
/** What stands between two logs; the end of the first belongs to it, the beginning of the second, too. */
const border = '},{';
const betweenLogs = new Literal(border.slice(1));

interface Stretch {
  readonly from: number;
  readonly end: number;
}

/**
 * Reads logs from the bytes of an answer. An answer of thousands of them, parsed as a whole, would be objects and texts
 * of ten times its length, which outlive several collections of garbage; and most of them say what the log before said.
 */
export class LogCollector implements Collector {
  readonly logs: RawLog[] = [];

  async take(buffer: Buffer, from: number, end: number, turns: Turns): Promise<void> {
    const json = new JsonBytes(buffer);
    let at = from;
    while (at < end) {
      const layout = LogLayout.learn(json, at, logEnd(json, at, end));
      if (layout !== null) at = await this.#readAlike(layout, json, { from: at, end }, turns);
      if (at < end) at = this.#parse(json, at, end);
      if (turns.isOver) await turns.rest();
    }
  }

  /** Reads logs that are written alike, and returns where the first of the others begins. */
  async #readAlike(layout: LogLayout, json: JsonBytes, { from, end }: Stretch, turns: Turns): Promise<number> {
    let at = from;
    for (let read = 1; at < end; read++) {
      if (read % logsPerLook === 0 && turns.isOver) await turns.rest();
      const log = layout.read(at);
      if (log === null || (layout.end !== end && !json.holds(layout.end, betweenLogs))) return at;
      this.logs.push(log);
      at = layout.end + 1;
    }
    return at;
  }

  /** Parses some logs, and returns where the next one begins. */
  #parse(json: JsonBytes, from: number, end: number): number {
    const to = logEnd(json, from, end, pieceBytes);
    const elements = JSON.parse(`[${json.text(from, to)}]`) as readonly unknown[];
    for (const element of elements) this.logs.push(readLog(element, this.logs.at(-1)));
    return to + 1;
  }
}

/** Reads the answer of eth_getLogs, whether it was collected or parsed; throws MalformedValue. */
export function readLogsAnswer(value: unknown): readonly RawLog[] {
  return value instanceof LogCollector ? value.logs : readLogs(value);
}

/** Returns where a log may end that begins at a place and is at least so long: a text may hold the same. */
function logEnd({ buffer }: JsonBytes, from: number, end: number, length = 0): number {
  const found = buffer.indexOf(border, from + length);
  return found < 0 || found >= end ? end : found + 1;
}
