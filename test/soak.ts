// Plays for hours what `npm test` plays a sample of, and takes every guard out in turn: `npm run soak`. It needs all servers
// and programs that CHAINPARSE_TEST_FULL=1 needs. Its last lines are what it played, as figures.
import { Child } from './support/child.js';
import { soakVariable } from './support/extent.js';
import { show, startMocha } from './support/mocha-run.js';

const parts = {
  simulators: ['test/proof/@(simulator|ingestion|model).test.ts'],
  schedules: [
    'test/tasks/outbox/outbox-schedules.test.ts',
    'test/components/file-sink/schedules.test.ts',
    'test/chain/portal/portal-schedules.test.ts',
  ],
  scenarios: ['test/scenarios/@(kill|freeze|reorg|endpoints-away|fleet|galera|promoted-standby|shards).test.ts'],
  sinks: ['test/scenarios/@(broker-sinks|file-sink|message-sinks|sink-kill|table-sink).test.ts'],
  decoding: ['test/chain/abi/decoder-oracle.test.ts'],
};

/** How long all mutants may take together, in milliseconds. */
const mutantsPatienceMs = 12 * 3_600_000;

const figures: string[] = [];

async function timed(
  name: string,
  work: () => Promise<{ readonly isGood: boolean; readonly text: string }>,
): Promise<void> {
  const startedAt = performance.now();
  const { isGood, text } = await work();
  if (!isGood) process.exitCode = 1;
  figures.push(`soak: ${name}: ${text}, ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`);
}

async function playTests(patterns: readonly string[]): Promise<{ readonly isGood: boolean; readonly text: string }> {
  const { counts, played } = await show(startMocha(patterns));
  const [passed, failed, skipped] = counts;
  figures.push(...played);
  return { isGood: failed === 0, text: `${passed} passed, ${failed} failed, ${skipped} skipped` };
}

async function tryMutants(): Promise<{ readonly isGood: boolean; readonly text: string }> {
  const child = new Child(process.execPath, ['--import=tsx', 'test/proof/mutants/run-mutants.ts']);
  const { code, stdout, stderr } = await child.exit(mutantsPatienceMs);
  process.stdout.write(stdout + stderr);
  return { isGood: code === 0, text: /^\d+ killed, .*$/m.exec(stdout)?.[0] ?? 'they could not be tried' };
}

await timed('mutants', tryMutants);
process.env['CHAINPARSE_TEST_FULL'] = '1';
process.env[soakVariable] = '1';
for (const [name, patterns] of Object.entries(parts)) await timed(name, () => playTests(patterns));
process.stdout.write(`\n${figures.join('\n')}\n`);
