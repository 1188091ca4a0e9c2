import type { TimeoutRule, TimeoutVerdict } from '../../database/tasks/timeout-store.js';
import { addSeconds } from '../../model/instant.js';
import type { Task } from '../../model/task.js';
import { StepFailedError } from './step-failed-error.js';
import type { TestScene } from './test-scene.js';

/**
 * By these timeouts the trial judges, in seconds: stricter at first than any monitor at work would, so that it need not
 * wait for long, and once more where the machine was too slow for that.
 */
const timeouts = [3, 10] as const;

/** Tasks that a statement lists. */
const pageSize = 200;

/** What became of the three tasks of the trial. */
export interface Judgement {
  /** Beat once, and then never again. */
  readonly quiet: Judged;
  /** Never beat. */
  readonly mute: Judged;
  /** Has beaten all the time. */
  readonly living: Judged;
}

export interface Judged {
  readonly task: Task;
  /** A check found it among the silent. */
  readonly isListed: boolean;
  /** The monitors of the test that reported it. */
  readonly reportedBy: readonly string[];
  /** A monitor that is at work on this database was faster. */
  readonly isAnothers: boolean;
}

/** A task that a monitor of the test has failed. */
interface Report {
  readonly reason: string;
  readonly task: Task;
}

/** Two tasks that fall silent, one that does not, and two monitors that judge them at the same moment. */
export class SilenceTrial {
  readonly #scene: TestScene;
  readonly #timeoutsSeconds: readonly number[];
  #ids: Record<keyof Judgement, number> | null = null;
  #judgement: Promise<Judgement> | null = null;

  /** Judges by each of the timeouts, in seconds, until it was done before the beating task was silent as well. */
  constructor(scene: TestScene, timeoutsSeconds: readonly number[] = timeouts) {
    this.#scene = scene;
    this.#timeoutsSeconds = timeoutsSeconds;
  }

  /** Starts the three tasks. */
  async begin(): Promise<void> {
    const quiet = await this.#scene.claim('quiet');
    const mute = await this.#scene.claim('mute');
    const living = await this.#scene.claim('living');
    // The trial judges by a shorter interval than that of runs.
    await this.#scene.forgetIntervals('quiet', 'mute', 'living');
    this.#ids = { quiet, mute, living };
    await this.#scene.beat(quiet, living);
  }

  /** The task that beats. */
  get livingId(): number {
    return this.#taskIds.living;
  }

  /** Beats for the living one, if the trial has begun: a monitor at work may be as strict as this one. */
  async keepAlive(): Promise<void> {
    if (this.#ids !== null && this.#judgement === null) await this.#scene.beat(this.#ids.living);
  }

  /** Judges as soon as the silent have been silent for long enough, once. */
  judge(): Promise<Judgement> {
    this.#judgement ??= this.#judge();
    return this.#judgement;
  }

  get #taskIds(): Record<keyof Judgement, number> {
    if (this.#ids === null) throw new Error('the trial of silence has not begun');
    return this.#ids;
  }

  async #judge(): Promise<Judgement> {
    let tookMs = 0;
    for (const [i, timeoutSeconds] of this.#timeoutsSeconds.entries()) {
      if (i > 0) await this.begin();
      const judgement = await this.#judgeBy({ timeoutSeconds, heartbeatIntervalSeconds: 1 });
      if (judgement.tookMs <= (timeoutSeconds - 1) * 1_000) return judgement;
      tookMs = judgement.tookMs;
    }
    throw tooSlow(tookMs);
  }

  /** Returns also how long ago the living one had beaten when judgement was done, in milliseconds. */
  async #judgeBy(rule: TimeoutRule): Promise<Judgement & { readonly tookMs: number }> {
    const { clock } = this.#scene.options;
    const { quiet, mute, living } = this.#taskIds;
    // Ages are in whole seconds.
    await this.#untilSilent([quiet, mute], rule.timeoutSeconds + 1);
    const beatAt = clock.monotonic();
    await this.#scene.beat(living);
    const ids = [quiet, mute, living];
    const listed = await this.#listSilent(ids, rule);
    const reports = await this.#race(ids, rule);
    const tookMs = clock.monotonic() - beatAt;
    const judged = async (id: number): Promise<Judged> => this.#lookUp(id, listed, reports);
    return { quiet: await judged(quiet), mute: await judged(mute), living: await judged(living), tookMs };
  }

  async #untilSilent(ids: readonly number[], seconds: number): Promise<void> {
    for (const id of ids) {
      // A task that a monitor at work has failed already is silent for as long.
      while ((await this.#scene.tasks.get(id)).silentSeconds < seconds) {
        await this.#scene.beat(this.livingId);
        await this.#scene.sleep(100);
      }
    }
  }

  /** Returns those of the tasks that a check would find, which looks at everybody's. */
  async #listSilent(ids: readonly number[], rule: TimeoutRule): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    for (let afterId = Math.min(...ids) - 1; ;) {
      const page = await this.#scene.timeouts.listSilent(rule, afterId, pageSize);
      for (const { id } of page) if (ids.includes(id)) found.add(id);
      afterId = page.at(-1)?.id ?? afterId;
      if (page.length < pageSize || afterId >= Math.max(...ids)) return found;
    }
  }

  /** Has two monitors judge the tasks, and nobody else's, at the same moment. */
  async #race(ids: readonly number[], rule: TimeoutRule): Promise<readonly Report[]> {
    const { token } = this.#scene.options;
    const monitors = [this.#scene.timeouts, this.#scene.rivalTimeouts];
    // A connection that must be made first would be no rival.
    const probes = await Promise.all(monitors.map((store) => store.probe()));
    const deadline = addSeconds(probes[0]?.now ?? '', 5);
    const reported = monitors.map(async (store, i) => {
      const verdict: TimeoutVerdict = {
        rule,
        reason: `silent: heartbeat test ${token}, monitor ${i + 1}`,
        deadline,
        heardForSeconds: null,
      };
      return (await store.fail(ids, verdict)).map((task) => ({ reason: verdict.reason, task }));
    });
    return (await Promise.all(reported)).flat();
  }

  async #lookUp(id: number, listed: ReadonlySet<number>, reports: readonly Report[]): Promise<Judged> {
    const task = await this.#scene.tasks.get(id);
    const reportedBy = reports.filter((report) => report.task.id === id).map(({ reason }) => reason);
    return { task, isListed: listed.has(id), reportedBy, isAnothers: this.#scene.isFailedByAnother(task) };
  }
}

function tooSlow(tookMs: number): StepFailedError {
  const ms = Math.round(tookMs);
  return new StepFailedError(
    {
      en: `beat and judgement took ${ms} ms: by then the beating task was silent as well, and nothing is proven`,
      zh: `心跳与判定共用 ${ms} ms: 其间有心跳的任务也已静默, 无法证明`,
    },
    {
      en: 'run the test again; if it stays so slow, see what the database waits for',
      zh: '请重新运行; 若依旧缓慢, 请检查数据库在等待什么',
    },
  );
}
