import { instantToMs } from '../../model/instant.js';
import {
  ChainparseError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  NotMigratedError,
  messageOf,
} from '../../runtime/errors.js';
import { beatSteps } from './beat-steps.js';
import { leaseSteps } from './lease-steps.js';
import { clockSkewStep, indexStep, latencyStep } from './measure-steps.js';
import { closingStep, openingStep } from './row-steps.js';
import { silenceSteps } from './silence-steps.js';
import { SilenceTrial } from './silence-trial.js';
import { StepFailedError, type Text } from './step-failed-error.js';
import { TestScene } from './test-scene.js';
import type { SceneOptions } from './test-scene.js';
import type { Measurements, TestStepResult, TestStage, TestStep } from './test-step.js';

export interface HeartbeatTestOptions extends SceneOptions {
  /** Takes each step's result as soon as it is there. */
  readonly onStep: (result: TestStepResult) => Promise<void>;
}

export interface HeartbeatTestReport extends Measurements {
  readonly ok: boolean;
  readonly steps: readonly TestStepResult[];
}

/** Behind what proves that the rows work, in an order in which the silent grow old meanwhile. */
const steps = [...beatSteps, ...leaseSteps, clockSkewStep, latencyStep, ...silenceSteps, indexStep];

/**
 * Proves the mechanism against a database, in rows of its own, which it removes however it ends. Throws
 * DatabaseUnreachableError and NotMigratedError, and the signal's reason where it is told to end.
 */
export async function runHeartbeatTest(options: HeartbeatTestOptions): Promise<HeartbeatTestReport> {
  const scene = new TestScene(options);
  const stage = { scene, trial: new SilenceTrial(scene) };
  const results: TestStepResult[] = [];
  const play = async (step: TestStep): Promise<boolean> => {
    const result = await runStep(step, stage);
    results.push(result);
    await options.onStep(result);
    return result.ok;
  };
  try {
    // Without rows of its own there is nothing to test.
    if (await play(openingStep)) for (const step of steps) await play(step);
  } catch (error) {
    await scene.cleanUp().catch(() => undefined);
    throw error;
  }
  await play(closingStep);
  return report(results);
}

function report(results: readonly TestStepResult[]): HeartbeatTestReport {
  const nothing: Measurements = { latencyMs: null, clockSkewSeconds: null, index: null };
  const measured = Object.assign({}, nothing, ...results.map((result) => result.measured)) as Measurements;
  return { ok: results.every(({ ok }) => ok), steps: results, ...measured };
}

async function runStep(step: TestStep, stage: TestStage): Promise<TestStepResult> {
  const { scene } = stage;
  const { clock, signal } = scene.options;
  const earlier = scene.claimed('main');
  if (step !== closingStep) signal.throwIfAborted();
  const startedAt = clock.monotonic();
  const ms = (): number => Math.round(clock.monotonic() - startedAt);
  const { name, title } = step;
  try {
    await stage.trial.keepAlive();
    const outcome = await step.run(stage);
    return { name, title, ok: true, hint: null, ...outcome, ms: ms() };
  } catch (error) {
    if (signal.aborted) throw signal.reason as Error;
    if (isOfDatabase(error)) throw error;
    const own = scene.claimed('main');
    const delay = await delayOf(scene, [own === earlier ? null : own, scene.claimed('living')]).catch(() => null);
    return { name, title, ok: false, ...failure(error, delay), ms: ms() };
  }
}

/** For no longer is a task silent that should live, where nothing is slow, in seconds. */
const longestPauseSeconds = 3;

/** Says for how long nothing came of this test, where a monitor at work has failed a task for it that should live; else null. */
async function delayOf(scene: TestScene, ids: readonly (number | null)[]): Promise<Text | null> {
  for (const id of ids) {
    if (id === null) continue;
    const task = await scene.tasks.get(id);
    const { createTime, lastHeartbeat, endTime } = task;
    const heard = lastHeartbeat ?? createTime;
    if (!scene.isFailedByAnother(task) || heard === null || endTime === null) continue;
    const seconds = Math.round((instantToMs(endTime) - instantToMs(heard)) / 1_000);
    if (seconds <= longestPauseSeconds) continue;
    return {
      en: `a monitor that is at work here failed task ${id} after ${seconds} s of silence: this test was suspended, or the database was slow, for so long; run it again`,
      zh: `正在运行的监控器在任务 ${id} 静默 ${seconds} s 后将其判为失败: 其间本测试被挂起, 或数据库缓慢; 请重新运行`,
    };
  }
  return null;
}

/** The test can't be made at all. */
function isOfDatabase(error: unknown): boolean {
  return [DatabaseUnreachableError, DatabaseUnusableError, NotMigratedError].some((kind) => error instanceof kind);
}

function failure(error: unknown, delay: Text | null): Pick<TestStepResult, 'detail' | 'hint'> {
  if (error instanceof StepFailedError) return { detail: error.detail, hint: delay ?? error.hint };
  const message = messageOf(error);
  if (error instanceof ChainparseError && error.hint !== undefined) {
    return { detail: { en: message, zh: message }, hint: { en: error.hint, zh: error.hint } };
  }
  return {
    detail: { en: message, zh: message },
    hint: {
      en: 'the statement itself failed: --log-level debug shows more',
      zh: '语句本身失败: --log-level debug 显示更多',
    },
  };
}
