import type { EventFields } from '../../../src/components/seam/component.js';
import type { Sink, SinkBatch, SinkContext, SinkCursor } from '../../../src/components/seam/sink.js';
import { eventMonitorFields } from '../../../src/components/event-monitor/event-fields.js';
import type { TableSinkConfig } from '../../../src/components/table-sink/schema.js';
import { tableSink } from '../../../src/components/table-sink/kind.js';
import { tableSinkSchema } from '../../../src/components/table-sink/schema.js';
import type { Database } from '../../../src/database/database.js';
import type { FoundIndex } from '../../../src/database/target-dialect.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { eventToJson } from '../../../src/model/event-json.js';
import { MessageData } from '../../../src/model/event-message.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { hashOf } from '../../database/example-batch.js';

const address = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

/** Returns the fields of events that are written as Solidity writes them: `Transfer(address indexed from, uint256 value)`. */
export function fieldsOf(...events: readonly string[]): readonly EventFields[] {
  const abi = events.map((event) => {
    const [, name = '', list = ''] = /^(\w+)\((.*)\)$/s.exec(event) ?? [];
    const inputs = list.split(/,\s*/).map((input) => {
      const parts = input.split(' ');
      return { type: parts[0] ?? '', indexed: parts.includes('indexed'), name: parts.at(-1) ?? '' };
    });
    return { type: 'event', name, inputs };
  });
  const config = { contracts: [{ abi }], eventsToMonitor: null };
  return eventMonitorFields(config as unknown as Parameters<typeof eventMonitorFields>[0]);
}

/** What a test says of a message; the rest is made up. */
export interface Given {
  readonly block: number;
  readonly log?: number;
  readonly op?: 'insert' | 'remove';
  /** Tells one version of a block from another. */
  readonly fork?: string;
  readonly timestamp?: number;
  readonly event?: EventFields;
}

/** Makes a message of an event with these arguments. */
export function message(args: object | Map<string, unknown>, given: Given): EventMessage {
  const { block, log = 0, op = 'insert', fork = '', timestamp = 1_693_066_895 } = given;
  const place = {
    chainId: 1,
    blockNumber: block,
    blockHash: hashOf(`block ${block} ${fork}`),
    timestamp,
    transactionHash: hashOf(`tx ${block}`),
    transactionIndex: 0,
    logIndex: log,
    contractAddress: address,
  };
  const { eventName, eventSignature } = given.event ?? {
    eventName: 'Transfer',
    eventSignature: 'Transfer(address,address,uint256)',
  };
  const event = { ...place, eventName, eventSignature, argsJson: JSON.stringify(args) };
  const origin = { pipelineId: 45, chainName: () => 'ethereum' };
  const data =
    args instanceof Map
      ? MessageData.ofFields(args as Map<string, never>)
      : MessageData.ofText(eventToJson(event, origin));
  const id = `1:${place.blockHash}:${place.transactionHash}:${log}`;
  return { id, op, seq: 1, rank: 1, place, eventName, eventSignature, data };
}

/** A sink on a database, as whoever delivers has it. */
export class SinkFixture {
  readonly logger = new MemoryLogger();
  readonly signal = new AbortController().signal;
  readonly sink: Sink;
  #place = 0;

  private constructor(sink: Sink) {
    this.sink = sink;
  }

  /** Opens a sink on the database of a URL, or on one that is the pipeline's own. */
  static async open(
    target: string | Database,
    events: readonly EventFields[],
    keys: Readonly<Record<string, unknown>> = {},
    owner: { readonly pipelineId?: number; readonly installation?: string; readonly name?: string } = {},
  ): Promise<SinkFixture> {
    const config = tableSinkSchema.parse({
      table: 'usdc',
      ...(typeof target === 'string' ? { database: '${URL}' } : {}),
      ...keys,
    });
    const filled: TableSinkConfig = typeof target === 'string' ? { ...config, database: target } : config;
    const sink = await tableSink.open(filled, {
      ...{ pipelineId: 45, name: 'warehouse', installation: 'f'.repeat(32), ...owner },
      ...{ events, dataFolder: 'data', clock: systemClock, logger: new MemoryLogger() },
      database: target as Database,
    });
    return new SinkFixture(sink);
  }

  get context(): SinkContext {
    return { logger: this.logger, signal: this.signal, moved: () => undefined, inserts: () => expectNone() };
  }

  claim(claim: number, epoch = 'epoch-1'): Promise<SinkCursor | null> {
    return this.sink.claim!({ epoch, claim }, this.context);
  }

  /** Delivers messages under a claim; returns the cursor that they were delivered with. */
  async deliver(messages: readonly EventMessage[], claim = 1, epoch = 'epoch-1'): Promise<SinkCursor> {
    const after = { epoch, claim, place: `place ${++this.#place}` };
    const batch: SinkBatch = { messages, fromBlock: 1, toBlock: 1, before: null, after };
    await this.sink.deliver(batch, this.context);
    return after;
  }
}

async function* expectNone(): AsyncGenerator<never> {
  // A table needs nothing of what was delivered before.
}

/** Runs work with a database that a test looks into. */
async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(url, { create: true });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Returns the rows of a query, whichever the database. */
export function rowsOf(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  return withDatabase(url, async ({ knex, driver }) => {
    const answer: unknown = await knex.raw(sql);
    if (driver.dialect.name === 'sqlite') return answer as Record<string, unknown>[];
    return driver.dialect.name === 'mysql'
      ? (answer as [Record<string, unknown>[]])[0]
      : (answer as { rows: Record<string, unknown>[] }).rows;
  });
}

/** Runs statements as an owner of the database does. */
export function runSql(url: string, ...statements: readonly string[]): Promise<void> {
  return withDatabase(url, async (database) => {
    for (const sql of statements) await database.write([{ sql, bindings: [] }]);
  });
}

/** Returns some columns of a table as texts, in the order of the chain: `null` is `NULL`. */
export async function tableOf(url: string, columns: readonly string[], table = 'usdc'): Promise<readonly string[]> {
  const isMysql = /^(mysql|mariadb):/.test(url);
  const mark = isMysql ? '`' : '"';
  const quote = (name: string): string => `${mark}${name.replaceAll(mark, mark + mark)}${mark}`;
  const type = isMysql ? 'CHAR' : 'TEXT';
  const texts = columns.map((name, i) => `COALESCE(TRIM(CAST(${quote(name)} AS ${type})), 'NULL') AS c${i}`);
  const rows = await rowsOf(url, `SELECT ${texts.join(', ')} FROM ${table} AS t ORDER BY t.block_number, t.log_index`);
  return rows.map((row) => columns.map((_name, i) => String(row[`c${i}`])).join(' '));
}

/** Returns the indexes of a table. */
export function indexesOf(url: string, table: string): Promise<readonly FoundIndex[]> {
  return withDatabase(url, async ({ dialect: { targets }, knex }) => {
    const place = targets.place(knex, null, table);
    const indexes = targets.indexes(knex, place.read(await place.query));
    return indexes.read(await indexes.query);
  });
}
