import { fileURLToPath } from 'node:url';
import knex from 'knex';
import type { Knex } from 'knex';
import { Child } from '../../test/support/child.js';
import { readUse } from '../ingest-program.js';
import { transferAt } from '../made-chain.js';
import type { Course, Peer, RowPlace } from './peer.js';
import type { PeerNodeFigures, PeerNodeTraits } from './peer-node.js';

/** What a program has done of a course. */
export interface Finish {
  readonly events: number;
  /** From its first request for logs to its last row, seen from outside. */
  readonly seconds: number;
  /** The processor's time for that, in seconds, its children's included and the database server's not: steady on a busy machine. */
  readonly cpuSeconds: number;
  /** Whether all of the course's events are there. */
  readonly isWhole: boolean;
  readonly figures: PeerNodeFigures;
}

/** How often the last row is looked for: a look is one row of an index. */
const lookMs = 50;
/** Blocks behind the range make all of it final. */
const blocksBehind = 1_000;

/**
 * Has a program run a course for `seconds` at most from its first request for logs, twice that from its start. Throws where it ends early, and
 * where its rows are not those of the chain.
 */
export async function race(peer: Peer, course: Course, databaseUrl: string, seconds: number): Promise<Finish> {
  const rpcUrl = await startNode(course);
  const start = await peer.prepare({ rpcUrl, databaseUrl, course });
  const rows = openRows(databaseUrl);
  const child = await start();
  try {
    const { endedAt, cpuSeconds } = await awaitLast({ child, rows, peer, course, rpcUrl, seconds });
    const figures = await ask(rpcUrl);
    if (figures.firstLogsAt === 0) throw new Error(`it asked for no logs: ${lastWords(child)}`);
    const sums = await sum(rows, peer.rows);
    const told = JSON.stringify(sums);
    const truth = JSON.stringify(truthOf(sums.events, course.logsPerBlock));
    if (told !== truth) throw new Error(`its rows are not those of the chain: ${told} instead of ${truth}`);
    const isWhole = sums.events === course.blocks * course.logsPerBlock;
    return { events: sums.events, seconds: (endedAt - figures.firstLogsAt) / 1_000, cpuSeconds, isWhole, figures };
  } finally {
    child.signalGroup('SIGKILL');
    await child.exited;
    await rows.destroy();
  }
}

interface Run {
  readonly child: Child;
  readonly rows: Knex;
  readonly peer: Peer;
  readonly course: Course;
  readonly rpcUrl: string;
  readonly seconds: number;
}

interface Ended {
  /** In ms since 1970. */
  readonly endedAt: number;
  readonly cpuSeconds: number;
}

/** Waits for the last row or the end of the time. */
async function awaitLast({ child, rows, peer, course, rpcUrl, seconds }: Run): Promise<Ended> {
  const startedAt = Date.now();
  let [beganAt, cpuBefore, cpuSeconds] = [0, 0, 0];
  for (;;) {
    const isRunning = child.isRunning;
    const used = Math.max(cpuBefore, readUse(child.pid).cpuSeconds);
    if (beganAt === 0) [beganAt, cpuBefore] = [(await ask(rpcUrl)).firstLogsAt, used];
    cpuSeconds = Math.max(cpuSeconds, used - cpuBefore);
    if (await hasLast(rows, peer.rows, course)) return { endedAt: Date.now(), cpuSeconds };
    if (!isRunning) throw new Error(`it ended: ${lastWords(child)}`);
    const limit = beganAt === 0 ? startedAt + 2_000 * seconds : beganAt + 1_000 * seconds;
    if (Date.now() > limit) return { endedAt: Date.now(), cpuSeconds };
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** Tables may not be there yet. */
async function hasLast(rows: Knex, place: RowPlace, { blocks, logsPerBlock }: Course): Promise<boolean> {
  const found: unknown = await from(rows, place)
    .where(place.row(blocks, logsPerBlock - 1))
    .first(rows.raw('1'))
    .catch(() => undefined);
  return found !== undefined;
}

interface Sums {
  readonly events: number;
  readonly blocks: number;
  readonly amounts: number;
}

async function sum(rows: Knex, place: RowPlace): Promise<Sums> {
  const wanted = { blocks: place.blockNumber, amounts: `(${place.value})` };
  const columns = Object.entries(wanted).map(([name, sql]) => rows.raw(`sum(${sql}) as ${name}`));
  const found = (await from(rows, place)
    .first(rows.raw('count(*) as events'), ...columns)
    .catch(() => ({}))) as Record<string, unknown>;
  const number = (name: string): number => Number(found[name] ?? 0);
  return { events: number('events'), blocks: number('blocks'), amounts: number('amounts') };
}

/** What the first events of the chain sum up to: they are stored in its order. */
function truthOf(events: number, logsPerBlock: number): Sums {
  const amounts = Array.from({ length: logsPerBlock }, (_none, index) => Number(transferAt(1, index).data));
  const add = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const [whole, rest] = [Math.floor(events / logsPerBlock), events % logsPerBlock];
  return {
    events,
    blocks: (whole * (whole + 1) * logsPerBlock) / 2 + rest * (whole + 1),
    amounts: whole * add(amounts) + add(amounts.slice(0, rest)),
  };
}

function from(rows: Knex, { table, schema }: RowPlace): Knex.QueryBuilder {
  return schema === undefined ? rows(table) : rows(table).withSchema(schema);
}

function openRows(url: string): Knex {
  if (url.startsWith('postgres')) return knex({ client: 'pg', connection: url });
  const connection = { filename: url.replace('sqlite:', ''), options: { readonly: true } };
  return knex({ client: 'better-sqlite3', connection, useNullAsDefault: true });
}

async function startNode(course: Course): Promise<string> {
  const { logsPerBlock, latencyMs, isCapped } = course;
  const maxBlocks = isCapped ? course.maxBlocks : 0;
  const traits: PeerNodeTraits = { blocks: course.blocks + blocksBehind, logsPerBlock, latencyMs, maxBlocks };
  const program = fileURLToPath(new URL('peer-node.ts', import.meta.url));
  const args = ['--import', 'tsx', program, JSON.stringify(traits)];
  const [url] = await new Child(process.execPath, args).output(/http:\S+/, 30_000);
  return url;
}

async function ask(rpcUrl: string): Promise<PeerNodeFigures> {
  return (await (await fetch(rpcUrl)).json()) as PeerNodeFigures;
}

function lastWords({ stdout, stderr }: Child): string {
  return (stderr.trim() || stdout.trim()).slice(-2_000);
}
