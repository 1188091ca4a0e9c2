import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Connection } from 'mysql2/promise';
import { atEnd } from '../test/support/at-end.js';
import { ChainSimulator } from '../test/support/chain-simulator.js';
import type { Benchmark } from './benchmark.js';
import { startDurableServer } from './durable-server.js';

/** What a process with many runs is told to do. */
export interface StallWork {
  readonly url: string;
  readonly rpcUrl: string;
  readonly pipelines: readonly number[];
  readonly heartbeatIntervalSeconds: number;
  readonly stallAfterSeconds: number;
}

const intervalSeconds = 2;
const stallAfterSeconds = 6;
/** A slow node's answer takes so long: nearly a stall. */
const answerMs = 4_500;

/** Runs that hang although their processes live, and runs that are only slow. */
export const stall: Benchmark = {
  summary:
    '100 runs whose node never answers fall silent within the stall limit and a beat; of 100 slow ones none does',
  async run(options, report) {
    const count = options.number('tasks', 100);
    const { url, connection } = await startDurableServer();
    await connection.query(
      `INSERT INTO pipeline (id, name, create_time, update_time, disabled)
       SELECT seq, CONCAT('p', seq), NOW(), NOW(), 0 FROM seq_1_to_${2 * count}`,
    );
    await connection.query(`INSERT INTO pipeline_checkpoint (pipeline_id) SELECT seq FROM seq_1_to_${2 * count}`);
    const hung = numbers(1, count);
    const slow = numbers(count + 1, count);
    startRuns({ url, rpcUrl: await startNode('hung'), pipelines: hung });
    startRuns({ url, rpcUrl: await startNode('slow'), pipelines: slow });
    report.note(
      `interval ${intervalSeconds} s, stall limit ${stallAfterSeconds} s; a slow node answers after ${answerMs / 1_000} s`,
    );
    const slowest = await watch(connection, slow, Math.max(3 * stallAfterSeconds, options.number('seconds', 40)));
    const before = await readLives(connection, hung);
    await sleep(3_000 * intervalSeconds);
    const after = await readLives(connection, hung);
    const silent = after.filter(({ lifeSeconds }, index) => lifeSeconds === before[index]?.lifeSeconds);
    report.atLeast('hung runs that are silent', silent.length, count);
    const longest = Math.max(...after.map(({ lifeSeconds }) => lifeSeconds));
    report.atMost('last beat of a hung run, after it began', longest, stallAfterSeconds + intervalSeconds, ' s');
    report.atLeast('slow runs that run', (await readLives(connection, slow)).length, count);
    // Ages are told in whole seconds: one of two intervals may be a little less.
    report.atMost('slow runs that were ever silent for more than two intervals', slowest, 0);
  },
};

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

/** A node that answers each of a run's first two requests, then never (hung), or each after a while (slow). */
async function startNode(kind: 'hung' | 'slow'): Promise<string> {
  const node = await ChainSimulator.start();
  node.mine(5);
  if (kind === 'hung') {
    node.options = { fault: (calls) => (calls[0]?.method === 'eth_chainId' ? undefined : { kind: 'hang' }) };
  } else {
    node.options = { delayMs: answerMs };
    setInterval(() => node.mine(1), 1_000).unref();
  }
  atEnd(() => node.stop());
  return node.url;
}

function startRuns(work: Pick<StallWork, 'url' | 'rpcUrl' | 'pipelines'>): void {
  const program = fileURLToPath(new URL('stall-process.ts', import.meta.url));
  const whole: StallWork = { ...work, heartbeatIntervalSeconds: intervalSeconds, stallAfterSeconds };
  const child = fork(program, [JSON.stringify(whole)], { execArgv: ['--import', 'tsx'] });
  atEnd(() => void child.kill('SIGKILL'));
}

interface Life {
  /** From the creation of the task to its last beat, in seconds. */
  readonly lifeSeconds: number;
  readonly silentSeconds: number;
}

async function readLives(connection: Connection, pipelines: readonly number[]): Promise<Life[]> {
  const [rows] = await connection.query(
    `SELECT TIMESTAMPDIFF(SECOND, create_time, last_heartbeat) AS lifeSeconds,
       TIMESTAMPDIFF(SECOND, COALESCE(last_heartbeat, create_time), NOW()) AS silentSeconds
     FROM pipeline_task WHERE status = 0 AND pipeline_id IN (?) ORDER BY pipeline_id`,
    [pipelines],
  );
  return rows as Life[];
}

/** Looks again and again; returns how many runs were ever silent for more than two intervals. */
async function watch(connection: Connection, pipelines: readonly number[], seconds: number): Promise<number> {
  const silent = new Set<number>();
  const endAt = performance.now() + seconds * 1_000;
  while (performance.now() < endAt) {
    await sleep(200);
    const lives = await readLives(connection, pipelines);
    for (const [index, life] of lives.entries()) if (life.silentSeconds > 2 * intervalSeconds) silent.add(index);
  }
  return silent.size;
}
