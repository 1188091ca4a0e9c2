// Runs every suite, each on few databases and with a sample of what is played; with CHAINPARSE_TEST_FULL=1 on all and to the
// full, and then what is missing on this machine fails. `npm run soak` goes on for hours; `npx mocha FILE` runs single files.
//
// Parts run side by side: those that mostly wait (for processes, clocks, servers) and one that mostly computes, since
// together they take little longer than the longest.
import { endAll } from './support/at-end.js';
import { processorSeconds } from './support/processor-time.js';
import { startServers } from './support/databases.js';
import { isFull, sampleVariable } from './support/extent.js';
import { show, signalAll, startMocha, type Counts, type Outcome } from './support/mocha-run.js';

/** Scenarios of what goes silent, and of what happens then. */
const silence =
  'alerts|clocks|detection|disk-full|ended-while-stalled|even-out|freeze|kill|monitor-cut-off|ways-to-die';

/** Those of what workers do together, or at its time. */
const fleet = 'fleet|schedules|service|shards|worker';

/** Those on servers that go away, and on runs that are killed while receivers do. */
const outages = 'broker-sinks|database-away|file-sink|message-sinks|monitor|sink-kill|table-sink';

const parts = {
  silence: [`test/scenarios/@(${silence}).test.ts`],
  fleet: [`test/scenarios/@(${fleet}).test.ts`],
  outages: [`test/scenarios/@(${outages}).test.ts`, 'test/chain/portal/**/*.test.ts'],
  scenarios: [
    `test/scenarios/!(${silence}|${fleet}|${outages}).test.ts`,
    'test/@(api|demo)/**/*.test.ts',
    'test/proof/ingestion.test.ts',
  ],
  commands: [
    'test/cli/**/*.test.ts',
    'test/database/schema/**/*.test.ts',
    'test/database/adoption.test.ts',
    'test/proof/model.test.ts',
  ],
  // The proof comes last: the simulator plays from the first test on, and is awaited there.
  computing: [
    'test/!(scenarios|cli|database|proof|api|demo|chain)/**/*.test.ts',
    'test/chain/!(portal)/**/*.test.ts',
    'test/chain/*.test.ts',
    'test/database/!(schema)/**/*.test.ts',
    'test/database/!(adoption).test.ts',
    'test/*.test.ts',
    'test/proof/!(ingestion|model).test.ts',
  ],
};

/** More files than these don't fail for want of a processor. */
const mostRepeated = 8;

/**
 * The files worth another look: scenarios on real processes and servers promise times that a machine may be too busy to
 * keep while all parts run. What a proof finds it would find again.
 */
function worthRepeating(failedFiles: ReadonlyMap<string, Counts>): readonly string[] {
  const files = [...failedFiles.keys()].filter((file) => !file.startsWith('test/proof/'));
  return files.length <= mostRepeated ? files : [];
}

function sum(all: Iterable<Counts>): Counts {
  return [...all].reduce(([a, b, c], [x, y, z]) => [a + x, b + y, c + z], [0, 0, 0]);
}

function without(all: Counts, part: Counts): Counts {
  return [all[0] - part[0], all[1] - part[1], all[2] - part[2]];
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopping.abort();
    signalAll(signal);
  });
}

if (!isFull) process.env[sampleVariable] = '1';
// `npm test` has just built: SQLite's writer starts from there in a fourth of the time that its source takes, hundreds of times.
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --conditions=built`;
// One of each kind for all parts; suites that freeze or kill theirs start their own.
Object.assign(process.env, await startServers());
const outcomes: Outcome[] = [];
for (const run of Object.values(parts).map(startMocha)) outcomes.push(await show(run));
const partTimes = Object.keys(parts).map((part, at) => `${part} ${outcomes[at]?.seconds.toFixed(0)} s`);
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
parts: ${partTimes.join(', ')}
slowest: ${mostOf('seconds')}
busiest: ${mostOf('processors')}
took: ${took}
passed only alone: ${onlyAlone.length}${onlyAlone.length === 0 ? '' : ` (${onlyAlone.join(' ')})`}
mocha: ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped\n`);
process.exitCode = counts[1] === 0 ? 0 : 1;
