import { openDatabase } from '../../../src/database/open/open-database.js';
import type { Database } from '../../../src/database/database.js';
import { KnexDatabase } from '../../../src/database/open/knex-database.js';
import type { ScriptRunner, Statement } from '../../../src/database/script.js';
import { beatSteps } from '../../../src/tasks/heartbeat-test/beat-steps.js';
import { leaseSteps } from '../../../src/tasks/heartbeat-test/lease-steps.js';
import { clockSkewStep, indexStep, latencyStep } from '../../../src/tasks/heartbeat-test/measure-steps.js';
import { closingStep, openingStep } from '../../../src/tasks/heartbeat-test/row-steps.js';
import { silenceSteps } from '../../../src/tasks/heartbeat-test/silence-steps.js';
import { SilenceTrial } from '../../../src/tasks/heartbeat-test/silence-trial.js';
import { StepFailedError } from '../../../src/tasks/heartbeat-test/step-failed-error.js';
import { TestScene } from '../../../src/tasks/heartbeat-test/test-scene.js';
import type { SceneOptions } from '../../../src/tasks/heartbeat-test/test-scene.js';
import type { StepOutcome, TestStage } from '../../../src/tasks/heartbeat-test/test-step.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { exampleWorker } from '../run/task-fixture.js';

const steps = [
  ...[openingStep, ...beatSteps, ...leaseSteps, clockSkewStep, latencyStep, ...silenceSteps, indexStep],
  closingStep,
];

/** Sets a stage on a database, with rows of the test's own; `changes` beats what is there. */
export async function setStage(database: Database, url: string, changes: Partial<SceneOptions> = {}) {
  const rival = await openDatabase(url);
  const scene = new TestScene({
    database,
    rival,
    heartbeatIntervalSeconds: 30,
    worker: exampleWorker('here:1'),
    token: 'fixture',
    clock: systemClock,
    signal: new AbortController().signal,
    ...changes,
  });
  await scene.setUp();
  const trial = new SilenceTrial(scene);
  const close = async (): Promise<void> => {
    await scene.cleanUp();
    await rival.close();
  };
  return { scene, trial, close };
}

/** Plays one step; returns what it has seen, or how it failed. */
export async function play(name: string, stage: TestStage): Promise<StepOutcome | StepFailedError> {
  const step = steps.find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`there is no step ${name}`);
  try {
    return await step.run(stage);
  } catch (error) {
    if (error instanceof StepFailedError) return error;
    throw error;
  }
}

/** Changes a statement before it is sent. */
export type Edit = (statement: Statement) => Statement;

/** The same database, behind which a guard was taken away or a statement went wrong. */
export function broken(database: Database, edit: Edit): Database {
  const isPostgres = database.dialect.name === 'postgres';
  // An edit is written for the quotes that the others have around names.
  const editInBackticks: Edit = (step) => {
    if (!isPostgres) return edit(step);
    const edited = edit({ ...step, sql: step.sql.replaceAll('"', '`') });
    return { ...edited, sql: edited.sql.replaceAll('`', '"') };
  };
  const edited = (runner: ScriptRunner): ScriptRunner => ({
    run: (steps, sent) =>
      runner.run(
        steps.map((step) => ('sql' in step ? editInBackticks(step) : step)),
        sent,
      ),
    prepare: (insert) => runner.prepare(insert),
    close: () => runner.close(),
  });
  const { driver, label, timezone } = database;
  const scripts = edited(driver.scripts);
  return new KnexDatabase({
    driver: { ...driver, scripts, urgentScripts: edited(driver.urgentScripts) },
    label,
    timezone,
    clock: systemClock,
  });
}

/** Takes a condition out of a statement, with its value. */
export function without({ sql, bindings, ...rest }: Statement, condition: string): Statement {
  const at = sql.indexOf(condition);
  if (at < 0) return { sql, bindings, ...rest };
  const before = sql.slice(0, at).match(/\?/g)?.length ?? 0;
  const removed = condition.match(/\?/g)?.length ?? 0;
  const kept = [...bindings.slice(0, before), ...bindings.slice(before + removed)];
  return { ...rest, sql: sql.slice(0, at) + sql.slice(at + condition.length), bindings: kept };
}
