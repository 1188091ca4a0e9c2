// Takes each guard out of a copy of the project in turn; the tests that are named for it must fail. `npm run mutants`.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { endAll } from '../../support/at-end.js';
import { startServers } from '../../support/databases.js';
import { mariadb } from '../../support/mariadb.js';
import type { Mutant } from './mutant.js';
import { mutants } from './mutants.js';
import { ProjectCopy } from './project-copy.js';
import type { Tests } from './project-copy.js';

const parallel = 2;

type Outcome = 'killed' | 'survived' | 'error';

async function main(names: readonly string[]): Promise<boolean> {
  const chosen = names.length === 0 ? mutants : mutants.filter(({ name }) => names.includes(name));
  // Some tests freeze and kill a server of their own.
  if (!mariadb.canStart) throw new Error(mariadb.howToGet);
  if (chosen.length === 0) throw new Error(`there is no mutant ${names.join(', ')}`);
  // One server of each kind for all, so that none has to be started for each mutant.
  const env = { ...process.env, ...(await startServers()) };
  const copies = await Promise.all(Array.from({ length: parallel }, () => ProjectCopy.make(env)));
  console.log('without a mutant the tests pass …');
  await inTurn(copies, suitesOf(chosen), requirePassing);
  const outcomes = await inTurn(copies, chosen, judge);
  const count = (outcome: Outcome): number => outcomes.filter((each) => each === outcome).length;
  const errors = count('error') === 0 ? '' : `, ${count('error')} not tried`;
  console.log(`${count('killed')} killed, ${count('survived')} survived${errors}`);
  return count('killed') === chosen.length;
}

/** The tests of the mutants, those with the same filter together. */
function suitesOf(chosen: readonly Mutant[]): readonly Tests[] {
  const filters = [...new Set(chosen.map(({ only }) => only))];
  return filters.map((only) => {
    const files = chosen.filter((mutant) => mutant.only === only).flatMap(({ tests }) => tests);
    return { only, tests: [...new Set(files)] };
  });
}

async function requirePassing(copy: ProjectCopy, suite: Tests): Promise<void> {
  const { failed, output } = await copy.run(suite);
  if (failed > 0) throw new Error(`tests fail without a mutant: ${suite.tests.join(' ')}\n${output}`);
}

async function judge(copy: ProjectCopy, mutant: Mutant): Promise<Outcome> {
  const startedAt = performance.now();
  const { outcome, reason } = await tryOut(copy, mutant);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5);
  console.log(`${outcome.padEnd(8)} ${mutant.name.padEnd(24)} ${seconds} s  ${mutant.guard}${reason}`);
  return outcome;
}

async function tryOut(copy: ProjectCopy, mutant: Mutant): Promise<{ outcome: Outcome; reason: string }> {
  try {
    const { failed } = await copy.runMutant(mutant);
    return { outcome: failed > 0 ? 'killed' : 'survived', reason: '' };
  } catch (error) {
    return { outcome: 'error', reason: `\n${(error as Error).message}` };
  }
}

/** Does something with each item, in one copy after the other as they come free. */
async function inTurn<T, R>(
  copies: readonly ProjectCopy[],
  items: readonly T[],
  work: (copy: ProjectCopy, item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const take = async (copy: ProjectCopy): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await work(copy, next[1]);
    }
  };
  await Promise.all(copies.map(take));
  return results;
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
try {
  process.exitCode = (await main(values.only)) ? 0 : 1;
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await endAll();
}
