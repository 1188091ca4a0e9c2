import { randomBytes } from 'node:crypto';
import { requireMigrated } from '../../database/schema/migrator.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import type { ExitCode } from '../../runtime/errors.js';
import { runHeartbeatTest } from '../../tasks/heartbeat-test/heartbeat-test.js';
import type { HeartbeatTestReport } from '../../tasks/heartbeat-test/heartbeat-test.js';
import type { TestStepResult } from '../../tasks/heartbeat-test/test-step.js';
import type { CommandContext } from '../context/context.js';
import type { Output } from '../terminal/output.js';
import { stopCode } from '../context/signals.js';
import { thisProcess } from '../context/this-process.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  // What the round trip is measured by.
  settings: ['heartbeat_interval'],
  stopsGracefully: true,
  action: testHeartbeat,
};

/** A claim of the heartbeat test does not hold. */
class HeartbeatTestFailedError extends RuntimeFailure {
  override readonly code = 'HEARTBEAT_TEST_FAILED';
}

/** How long one statement may take, in milliseconds. */
const statementTimeoutMs = 5_000;

/** Proves the mechanism against the configured database; throws where anything is off. */
async function testHeartbeat(context: CommandContext): Promise<ExitCode> {
  const { settings, output, clock, signals } = context;
  const open = { statementTimeoutMs };
  const [database, rival] = [await context.database(open), await context.database(open)];
  await requireMigrated(database);
  let report: HeartbeatTestReport;
  try {
    report = await runHeartbeatTest({
      database,
      rival,
      heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
      worker: thisProcess(),
      token: randomBytes(4).toString('hex'),
      clock,
      signal: signals.stopping,
      onStep: (result) => printStep(output, result),
    });
  } catch (error) {
    if (signals.stopping.aborted) return stopCode(signals.stopping);
    throw error;
  }
  await conclude(output, report);
  return 0;
}

async function printStep(output: Output, step: TestStepResult): Promise<void> {
  if (output.isJson || output.isQuiet) return;
  const { lang } = output;
  await output.line(`${markOf(output, step)} ${step.title[lang]}: ${step.detail[lang]} (${step.ms} ms)`);
  if (step.hint !== null)
    await output.line(`${' '.repeat(8)}${textsIn(lang).commands.heartbeatTest.hint}: ${step.hint[lang]}`);
}

/** Files and pipes may be read by whatever: words are for them. */
function markOf({ isTerminal }: Output, { ok, isWarning }: TestStepResult): string {
  const mark = !ok ? ['✖', 'FAILED'] : isWarning === true ? ['!', 'look'] : ['✔', 'ok'];
  return (isTerminal ? mark[0] : mark[1]?.padEnd(6)) ?? '';
}

async function conclude(output: Output, report: HeartbeatTestReport): Promise<void> {
  const { steps, ok } = report;
  if (output.isJson) await output.json(toJson(report, output));
  else if (ok) await output.line(textsIn(output.lang).commands.heartbeatTest.allHold(steps.length));
  const failed = steps.filter((step) => !step.ok);
  const [first] = failed;
  if (first === undefined) return;
  throw new HeartbeatTestFailedError(
    `${failed.length} of ${steps.length} steps failed, ${first.name} first: ${first.detail.en}`,
    { hint: first.hint?.en },
  );
}

function toJson({ ok, steps, latencyMs, clockSkewSeconds, index }: HeartbeatTestReport, { lang }: Output): object {
  return {
    ok,
    steps: steps.map((step) => ({
      name: step.name,
      ok: step.ok,
      detail: step.detail[lang],
      ms: step.ms,
      ...(step.isWarning === true ? { warning: true } : {}),
      ...(step.hint === null ? {} : { hint: step.hint[lang] }),
    })),
    latency_ms: latencyMs,
    clock_skew_seconds: clockSkewSeconds,
    index,
  };
}
