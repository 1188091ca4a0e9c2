// A program of its own: clients of the HTTP API that ask again as soon as they are answered, together so many times a second at
// most (0: as often as they can), until SIGTERM.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { percentile } from './percentile.js';

/** What the clients met, after a second of warming up. */
export interface ClientNews {
  readonly requests: number;
  readonly seconds: number;
  /** From a question to the last byte of its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** The paths whose slowest answers took longest. */
  readonly slowest: readonly (readonly [path: string, p99Ms: number])[];
  /** Answers other than 200, and none at all. */
  readonly refused: number;
}

const [url = '', clients = '1', rate = '0', ...paths] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(clients), pipelining: 1 });
const answers: (readonly [path: string, ms: number])[] = [];
let asked = 0;
let refused = 0;
let isOver = false;
const startedAt = performance.now();

/** Waits where the questions asked so far are more than there should be. */
async function wait(): Promise<void> {
  const ms = startedAt + (1_000 * asked) / Number(rate) - performance.now();
  if (Number(rate) > 0 && ms >= 1) await sleep(ms);
}

async function ask(): Promise<void> {
  const path = paths[asked++ % paths.length] ?? '';
  const begunAt = performance.now();
  const { statusCode, body } = await pool.request({ path, method: 'GET' });
  await body.arrayBuffer();
  answers.push([path, performance.now() - begunAt]);
  if (statusCode !== 200) refused++;
}

async function askOn(): Promise<void> {
  while (!isOver) {
    await wait();
    await ask().catch(() => refused++);
  }
}

function slowestPaths(): ClientNews['slowest'] {
  const each = new Map<string, number[]>();
  for (const [path, ms] of answers) each.set(path, [...(each.get(path) ?? []), ms]);
  const slow = [...each].map(([path, times]) => [path, Math.round(percentile(times, 0.99))] as const);
  return slow.sort(([, a], [, b]) => b - a).slice(0, 5);
}

process.once('SIGTERM', () => (isOver = true));
const all = Promise.all(Array.from({ length: Number(clients) }, askOn));
// What is counted for the first time is no part of it.
await sleep(1_000);
answers.length = 0;
refused = 0;
console.log('counting');
const begunAt = performance.now();
// A question that is never answered keeps no process alive; it counts as refused.
while (!isOver) await sleep(50);
const seconds = (performance.now() - begunAt) / 1_000;
const isAnswered = await Promise.race([all.then(() => true), sleep(2_000).then(() => false)]);
if (!isAnswered) refused++;

const times = answers.map(([, ms]) => ms);
const news: ClientNews = {
  ...{ requests: times.length, seconds, refused, slowest: paths.length > 1 ? slowestPaths() : [] },
  ...{ p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99), slowestMs: percentile(times, 1) },
};
console.log(JSON.stringify(news));
process.exit();
