import { mariadb } from '../../support/mariadb.js';
import { mysql } from '../../support/mysql.js';
import { judge } from './judge.js';
import type { Engine } from './engine.js';
import { planSchedule } from './plan.js';
import { PostgresEngine } from './postgres-engine.js';
import { ServerEngine } from './server-engine.js';
import type { Mode } from './planned-process.js';
import { ProcessDatabases } from './process-database.js';
import { playSchedule } from './schedule.js';
import { SqliteEngine } from './sqlite-engine.js';
import { Tally } from './tally.js';
import { traceOf } from './trace.js';

/** Which schedules to play: seeds `from` to `to`, the latter not included. */
export interface SeedRange {
  readonly mode: Mode;
  readonly dialect: 'sqlite' | 'mariadb' | 'mysql' | 'postgres';
  readonly from: number;
  readonly to: number;
}

/** A schedule in which something happened that must not. */
export class Violation extends Error {
  constructor({ mode, dialect }: SeedRange, seed: number, wrong: readonly string[]) {
    const replay = `npx tsx test/proof/simulator/run.ts --mode ${mode} --dialect ${dialect} --seeds ${seed} --trace`;
    super([`schedule ${seed} (${mode}, ${dialect}):`, ...wrong, `replay: ${replay}`].join('\n  '));
  }
}

/** Plays one schedule after the other; throws the first Violation. `trace` takes the story of each where it is given. */
export async function playSeeds(range: SeedRange, trace: ((text: string) => void) | null): Promise<Tally> {
  if (opened?.dialect !== range.dialect) {
    await closeEngine();
    opened = { dialect: range.dialect, engine: await openEngine(range.dialect) };
  }
  return await playOn(opened.engine, range, trace);
}

/** The engine of the latest schedules, for the next ones on the same. */
let opened: { readonly dialect: SeedRange['dialect']; readonly engine: Engine } | undefined;

/** Closes what `playSeeds` has left open. */
export async function closeEngine(): Promise<void> {
  await opened?.engine.close();
  opened = undefined;
}

function openEngine(dialect: SeedRange['dialect']): Promise<Engine> {
  if (dialect === 'postgres') return PostgresEngine.start();
  return dialect === 'sqlite' ? SqliteEngine.open() : ServerEngine.start(dialect === 'mariadb' ? mariadb : mysql);
}

async function playOn(engine: Engine, range: SeedRange, trace: ((text: string) => void) | null): Promise<Tally> {
  const tally = new Tally();
  const databases = new ProcessDatabases(engine.client);
  for (let seed = range.from; seed < range.to; seed++) {
    const plan = planSchedule(range.mode, seed);
    const lines: string[] = [];
    const history = await playSchedule(plan, engine, databases, trace === null ? null : (line) => lines.push(line));
    trace?.(traceOf(plan, lines, history.ledger));
    const wrong = judge(history);
    if (wrong.length > 0) throw new Violation(range, seed, wrong);
    tally.add(history);
  }
  return tally;
}
