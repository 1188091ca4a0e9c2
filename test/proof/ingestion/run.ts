// A program: plays schedules of ingestion, prints what they were made of, and exits with 1 where something was wrong.
//   npx tsx test/proof/ingestion/run.ts --seeds 0-1000 [--changes | --begun-anew] [--trace]
// --changes: the chain of each of them is begun anew, or another one stands behind its URLs.
// --begun-anew: it is begun anew while it is read, and keeps its first blocks.
import { parseArgs } from 'node:util';
import { playTold } from '../simulator/play-told.js';
import { playSeeds } from './play-seeds.js';

const flag = { type: 'boolean', default: false } as const;
const options = {
  seeds: { type: 'string', default: '0-1000' },
  trace: flag,
  changes: flag,
  'begun-anew': flag,
} as const;

await playTold(async (args) => {
  const { values } = parseArgs({ args: [...args], options });
  const [from = 0, to = from + 1] = values.seeds.split('-').map(Number);
  const subject = values.changes ? 'changes' : values['begun-anew'] ? 'begun-anew' : 'faults';
  const { wrong, counts } = await playSeeds({ from, to, subject }, values.trace ? console.log : null);
  for (const complaint of wrong) console.log(complaint);
  for (const [what, count] of counts) console.log(`  ${what.padEnd(12)} ${count}`);
  return wrong.length === 0;
});
