import { SqliteEngine } from '../simulator/sqlite-engine.js';
import { planBegunAnew } from './plan-begun-anew.js';
import { planChainChange } from './plan-chain-change.js';
import { planHonest, planSchedule } from './plan.js';
import type { Plan } from './plan.js';
import { playSchedule } from './schedule.js';
import type { Outcome } from './schedule.js';
import { SimStore } from './sim-store.js';

/** What schedules are about: faults, a chain that changes as a whole, or one that is begun anew below what is being read ahead. */
export type Subject = 'faults' | 'changes' | 'begun-anew';

/** Which schedules to play: seeds `from` to `to`, the latter not included. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
  readonly subject: Subject;
}

const plans: Readonly<Record<Subject, (seed: number) => Plan>> = {
  faults: planSchedule,
  changes: (seed) => planChainChange(planHonest(seed)),
  'begun-anew': planBegunAnew,
};

/** Plays one schedule after the other; returns what was wrong, and how often what happened. */
export async function playSeeds(
  { from, to, subject }: SeedRange,
  trace: ((text: string) => void) | null,
): Promise<{ readonly wrong: readonly string[]; readonly counts: ReadonlyMap<string, number> }> {
  const engine = await SqliteEngine.open();
  const store = new SimStore(engine);
  const wrong: string[] = [];
  const counts = new Map<string, number>();
  for (let seed = from; seed < to; seed++) {
    const plan = plans[subject](seed);
    trace?.(JSON.stringify(plan, null, 2));
    const outcome = await playSchedule(plan, store, trace).catch(broken);
    if (outcome.wrong.length > 0)
      wrong.push(complaint(subject === 'faults' ? String(seed) : `${seed} --${subject}`, outcome.wrong));
    for (const [what, count] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  await engine.close();
  return { wrong, counts };
}

/** What runs in a circle, or throws where nobody catches it, is a finding like others. */
function broken(error: unknown): Pick<Outcome, 'wrong' | 'counts'> {
  return { wrong: [error instanceof Error ? (error.stack ?? error.message) : String(error)], counts: {} };
}

function complaint(seed: string, wrong: readonly string[]): string {
  const replay = `npx tsx test/proof/ingestion/run.ts --seeds ${seed} --trace`;
  return [`schedule ${seed}:`, ...wrong.slice(0, 5), `replay: ${replay}`].join('\n  ');
}
