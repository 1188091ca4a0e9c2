import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { BlockRef } from '../../model/block.js';
import type { Database } from '../database.js';
import { toBytes } from '../../runtime/hex-bytes.js';
import { chunks } from '../../runtime/chunks.js';

/** A call whose result is kept. */
export interface KeptCall {
  readonly chainId: number;
  /** 0x-hex in lower case. */
  readonly target: string;
  /** 0x-hex in lower case. */
  readonly data: string;
  /** The block of the event for which it was made, and of which pipeline; null: it is made once, and serves all for ever. */
  readonly of: {
    readonly pipelineId: number;
    readonly block: BlockRef;
    /** Of that block's state, or of what was the newest one then. */
    readonly at: 'event' | 'latest';
  } | null;
}

/** Which stored answers are meant: of a pipeline, with the `immutable` ones of its chain, of a contract (0x-hex), or of both. */
export interface CallFilter {
  readonly pipeline?: { readonly id: number; readonly chainId: number } | undefined;
  readonly contract?: string | undefined;
}

/** A stored answer; `pipeline_id` and `block_number` are null for an `immutable` one, which serves all pipelines. */
type StoredCall = Readonly<Record<'pipeline_id' | 'block_number', number | null>> &
  Readonly<Record<'contract_address' | 'call_data' | 'outcome', string>> & {
    readonly chain_id: number;
    readonly result: string | null;
  };

/** What is kept of a call; `gone`: its block was, before it could be asked. */
export type CallOutcome =
  | { readonly outcome: 'answered'; readonly result: string }
  | { readonly outcome: 'reverted' | 'gone'; readonly result: null };

/** Keys that one query names: some databases take few parameters. */
const keysOfQuery = 200;

/** Characters of calls and results that one statement holds, unless one alone has more: servers take packets of 1 MiB at least. */
const lengthOfInsert = 1 << 18;

interface Row {
  readonly call_key: Buffer;
  readonly outcome: CallOutcome['outcome'];
  readonly result: string | null;
}

/** The rows of `call_result`. */
export class CallResultStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns what is kept of calls, by their keys. */
  async find(keys: readonly string[]): Promise<ReadonlyMap<string, CallOutcome>> {
    const found = new Map<string, CallOutcome>();
    const asked = keys.map((key) => Buffer.from(key, 'hex'));
    for (const part of chunks(asked, keysOfQuery)) {
      const rows = await this.#database.read<Row[]>((knex) =>
        knex('call_result').select('call_key', 'outcome', 'result').whereIn('call_key', part),
      );
      for (const { call_key: key, outcome, result } of rows) found.set(key.toString('hex'), toOutcome(outcome, result));
    }
    return found;
  }

  /** Keeps results; those that are kept already stay, unless their block was gone and is there again. */
  async keep(results: ReadonlyMap<string, KeptCall & CallOutcome>): Promise<void> {
    const { knex } = this.#database;
    for (const part of portionsOf([...results].map(([key, result]) => toRow(key, result)))) {
      const gone = knex('call_result')
        .where({ outcome: 'gone' })
        .whereIn(
          'call_key',
          part.map((row) => row.call_key),
        );
      await this.#database.write([gone.delete(), knex('call_result').insert(part).onConflict('call_key').ignore()]);
    }
  }

  /** Returns stored answers, `immutable` ones first, and how many there are in all. */
  async list(filter: CallFilter, limit: number): Promise<{ calls: readonly StoredCall[]; total: number }> {
    const columns = ['pipeline_id', 'block_number', 'chain_id', 'target', 'call_data', 'outcome', 'result'];
    const ordered = this.#meant(filter).orderBy(['pipeline_id', 'block_number', 'call_key']);
    const rows = await this.#database.read<ListedRow[]>(() => ordered.select(columns).limit(limit));
    const [counted] = await this.#database.read<{ total: unknown }[]>(() => this.#meant(filter).count({ total: '*' }));
    const calls = rows.map(({ target, pipeline_id: id, block_number: block, ...row }) => ({
      ...(Number(id) === 0
        ? { pipeline_id: null, block_number: null }
        : { pipeline_id: Number(id), block_number: Number(block) }),
      ...{ ...row, chain_id: Number(row.chain_id), contract_address: `0x${target.toString('hex')}` },
    }));
    return { calls, total: Number(counted?.total) };
  }

  /** Deletes stored answers; returns how many. */
  async forget(filter: CallFilter): Promise<number> {
    const [result] = await this.#database.write([this.#meant(filter).delete()]);
    return result?.matched ?? 0;
  }

  #meant({ pipeline, contract }: CallFilter): Knex.QueryBuilder {
    const rows = this.#database.knex('call_result');
    if (contract !== undefined) void rows.where({ target: toBytes(contract) });
    if (pipeline === undefined) return rows;
    const immutable = { pipeline_id: 0, chain_id: pipeline.chainId };
    return rows.where((either) => void either.where({ pipeline_id: pipeline.id }).orWhere(immutable));
  }

  /** Says whether a pipeline holds events of a block. */
  async holdsBlock(pipelineId: number, { number, hash }: BlockRef): Promise<boolean> {
    const rows = await this.#database.read<object[]>((knex) =>
      knex('event')
        .select('log_index')
        .where({ pipeline_id: pipelineId, block_number: number, block_hash: toBytes(hash) })
        .limit(1),
    );
    return rows.length > 0;
  }
}

type ListedRow = Omit<StoredCall, 'contract_address' | 'chain_id'> & {
  readonly chain_id: unknown;
  readonly target: Buffer;
};

/** Returns what tells a call from all others: 64 hex digits. */
export function callKey({ chainId, target, data, of }: KeptCall): string {
  const block = of === null ? 'immutable' : `${of.pipelineId} ${of.at} ${of.block.hash}`;
  return createHash('sha256').update(`${chainId} ${block} ${target} ${data}`).digest('hex');
}

type ResultRow = ReturnType<typeof toRow>;

function toRow(key: string, { chainId, target, data, of, outcome, result }: KeptCall & CallOutcome) {
  return {
    call_key: Buffer.from(key, 'hex'),
    pipeline_id: of?.pipelineId ?? 0,
    chain_id: chainId,
    block_number: of?.block.number ?? 0,
    target: toBytes(target),
    call_data: data,
    outcome,
    result,
  };
}

function portionsOf(rows: readonly ResultRow[]): readonly (readonly ResultRow[])[] {
  const portions: ResultRow[][] = [];
  let [portion, length]: [ResultRow[], number] = [[], 0];
  for (const row of rows) {
    const more = row.call_data.length + (row.result?.length ?? 0);
    if (portion.length === 0 || portion.length === keysOfQuery || length + more > lengthOfInsert) {
      portions.push((portion = []));
      length = 0;
    }
    portion.push(row);
    length += more;
  }
  return portions;
}

function toOutcome(outcome: CallOutcome['outcome'], result: string | null): CallOutcome {
  return outcome === 'answered' && result !== null
    ? { outcome, result }
    : { outcome: outcome === 'gone' ? 'gone' : 'reverted', result: null };
}
