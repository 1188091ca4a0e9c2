// A program: plays schedules, prints what they were made of, and exits with 1 at the first in which something is wrong.
//   npx tsx test/proof/simulator/run.ts --seeds 0-2000 [--dialect sqlite|mariadb|mysql|postgres] [--mode mixed|pauses] [--trace]
import { parseArgs } from 'node:util';
import { endAll } from '../../support/at-end.js';
import { playSeeds, Violation } from './play-seeds.js';
import type { SeedRange } from './play-seeds.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0-1000' },
    mode: { type: 'string', default: 'mixed' },
    dialect: { type: 'string', default: 'sqlite' },
    trace: { type: 'boolean', default: false },
  },
});

function readDialect(name: string): SeedRange['dialect'] {
  if (name === 'sqlite' || name === 'mariadb' || name === 'mysql' || name === 'postgres') return name;
  throw new Error(`there is no engine of ${name}`);
}

function readRange(): SeedRange {
  const [from = 0, to = from + 1] = values.seeds.split('-').map(Number);
  const mode = values.mode === 'pauses' ? 'pauses' : 'mixed';
  return { mode, dialect: readDialect(values.dialect), from, to };
}

// Errors are part of the play; nobody reads where they were made.
Error.stackTraceLimit = values.trace ? 10 : 0;
try {
  const tally = await playSeeds(readRange(), values.trace ? console.log : null);
  console.log(String(tally));
} catch (error) {
  if (!(error instanceof Violation)) throw error;
  console.log(error.message);
  process.exitCode = 1;
} finally {
  await endAll();
}
