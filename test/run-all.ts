// Runs every suite, each on few databases and with a sample of what is played; with CHAINPARSE_TEST_FULL=1 on all and to the
// full, and then what is missing on this machine fails. `npm run soak` goes on for hours; `npx mocha FILE` runs single files.
//
// Jobs, of some files each, run side by side in lanes, since most of them mostly wait (for processes, clocks, servers): a lane
// that is free takes the next job.
import { endAll } from './support/at-end.js';
import { processorSeconds } from './support/processor-time.js';
import { givenUrls, startServers } from './support/databases.js';
import { isFull, sampleVariable } from './support/extent.js';
import { jobsOf, testFiles } from './support/jobs.js';
import { inLanes } from './support/lanes.js';
import { migrateOnEach } from './support/migrated-database.js';
import { show, startMocha, stopAll, type Counts, type Outcome } from './support/mocha-run.js';

/** How many jobs run at a time: so many keep two cores busy, and leave each the time that it promises to keep. */
const lanes = 8;

/** More files than these don't fail for want of a processor. */
const mostRepeated = 8;

/**
 * The files worth another look: scenarios on real processes and servers promise times that a machine may be too busy to
 * keep while others run beside it. What a proof finds it would find again.
 */
function worthRepeating(failedFiles: ReadonlyMap<string, Counts>): readonly string[] {
  const files = [...failedFiles.keys()].filter((file) => !file.startsWith('test/proof/'));
  return files.length <= mostRepeated ? files : [];
}

function sum(all: Iterable<Counts>): Counts {
  return [...all].reduce(([a, b, c], [x, y, z]) => [a + x, b + y, c + z], [0, 0, 0]);
}

function without(all: Counts, some: Counts): Counts {
  return [all[0] - some[0], all[1] - some[1], all[2] - some[2]];
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopping.abort();
    stopAll();
  });
}

if (!isFull) process.env[sampleVariable] = '1';
// `npm test` has just built: SQLite's writer starts from there in a fourth of the time that its source takes, hundreds of times.
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --conditions=built`;
// Node reads all of a machine's certificates at each start, for as long as the rest of it takes; the servers of tests have their own.
delete process.env['NODE_EXTRA_CA_CERTS'];
// One of each kind for all jobs; suites that freeze or kill theirs start their own.
Object.assign(process.env, await startServers());
Object.assign(process.env, await migrateOnEach(givenUrls()));
const outcomes: Outcome[] = [];
const jobTimes: string[] = [];
let shown = Promise.resolve();
await inLanes(jobsOf(testFiles()), lanes, async (job) => {
  if (stopping.signal.aborted) return;
  const run = startMocha(job.files);
  await run.ended;
  // Whole, and one after another.
  shown = shown.then(async () => {
    process.stdout.write(`\n${job.name}:\n`);
    const outcome = await show(run);
    outcomes.push(outcome);
    jobTimes.push(`${job.name} ${outcome.seconds.toFixed(0)} s`);
  });
});
await shown;
const failedFiles = new Map(outcomes.flatMap((outcome) => [...outcome.failedFiles]));
let counts = sum(outcomes.map((outcome) => outcome.counts));
let failures = outcomes.map((outcome) => outcome.failures).join('');

let onlyAlone: readonly string[] = [];
const repeated = stopping.signal.aborted ? [] : worthRepeating(failedFiles);
if (repeated.length > 0) {
  process.stdout.write(`${failures}\nrun again, alone: ${repeated.join(' ')}\n`);
  const again = await show(startMocha(repeated));
  const before = sum(repeated.map((file) => failedFiles.get(file) ?? [0, 0, 0]));
  counts = sum([without(counts, before), again.counts]);
  onlyAlone = again.isBroken ? [] : repeated.filter((file) => !again.failedFiles.has(file));
  failures += again.failures;
}
await endAll();

// Whoever keeps only the end of a long output finds there what failed.
const slow = outcomes.flatMap((outcome) => outcome.slow);
const mostOf = (measure: 'seconds' | 'processors'): string =>
  slow
    .toSorted((a, b) => b[measure] - a[measure])
    .slice(0, 10)
    .map((each) => `${each.file} ${each[measure]} s`)
    .join(', ') || 'none';
const took = `${process.uptime().toFixed(0)} s, ${processorSeconds().toFixed(0)} s of processors`;
process.stdout.write(`${failures}
jobs: ${jobTimes.join(', ')}
slowest: ${mostOf('seconds')}
busiest: ${mostOf('processors')}
took: ${took}
passed only alone: ${onlyAlone.length}${onlyAlone.length === 0 ? '' : ` (${onlyAlone.join(' ')})`}
mocha: ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped\n`);
process.exitCode = counts[1] === 0 ? 0 : 1;
