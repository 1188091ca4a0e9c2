// A program: plays schedules, prints what they were made of, and exits with 1 at the first in which something is wrong.
//   npx tsx test/proof/simulator/run.ts --seeds 0-2000 [--dialect sqlite|mariadb|mysql|postgres] [--mode mixed|pauses] [--trace]
import { parseArgs } from 'node:util';
import { endAll } from '../../support/at-end.js';
import { closeEngine, playSeeds, Violation } from './play-seeds.js';
import { playTold } from './play-told.js';
import type { SeedRange } from './play-seeds.js';

const options = {
  seeds: { type: 'string', default: '0-1000' },
  mode: { type: 'string', default: 'mixed' },
  dialect: { type: 'string', default: 'sqlite' },
  trace: { type: 'boolean', default: false },
} as const;

function readDialect(name: string): SeedRange['dialect'] {
  if (name === 'sqlite' || name === 'mariadb' || name === 'mysql' || name === 'postgres') return name;
  throw new Error(`there is no engine of ${name}`);
}

async function play(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options });
  const [from = 0, to = from + 1] = values.seeds.split('-').map(Number);
  const mode = values.mode === 'pauses' ? 'pauses' : 'mixed';
  const dialect = readDialect(values.dialect);
  // Errors are part of the play; nobody reads where they were made.
  Error.stackTraceLimit = values.trace ? 10 : 0;
  try {
    console.log(String(await playSeeds({ mode, dialect, from, to }, values.trace ? console.log : null)));
    return true;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    console.log(error.message);
    return false;
  }
}

try {
  await playTold(play);
} finally {
  await closeEngine();
  await endAll();
}
