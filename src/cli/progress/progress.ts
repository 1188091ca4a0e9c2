import { eventsRead, lagBlocks, type Progress } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Lang } from '../../runtime/lang.js';
import { ProgressRate } from './progress-rate.js';
import { progressBar, progressText, type ProgressView } from './progress-text.js';
import type { ProgressDisplay } from '../../tasks/host/run-host.js';
import { textsIn } from '../../texts/texts.js';
import type { StatusLine } from '../terminal/status-line.js';

const drawEveryMs = 100;
const redrawEveryMs = 1_000;
const logEveryMs = 10_000;

export interface ProgressReporterOptions {
  /** Named in the log, where a worker tells of many. */
  readonly taskId: number;
  /** `context.statusLine`: undefined where there is no terminal to draw on. */
  readonly statusLine: StatusLine | undefined;
  readonly lang: Lang;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes what shows how far one run is: a line that changes on a terminal, elsewhere a log line every 10 seconds. */
export function createProgressReporter(options: ProgressReporterOptions): ProgressDisplay {
  const { statusLine } = options;
  return statusLine === undefined ? new LoggedProgress(options) : new DrawnProgress(options, statusLine);
}

/** What both reporters remember of a run. */
class ProgressMemory {
  readonly #clock: Clock;
  readonly #rate = new ProgressRate();
  #progress: Progress | undefined;
  #firstBlock: number | null = null;
  #beatAt: () => number | null = () => null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(progress: Progress, beatAt: (() => number | null) | undefined): void {
    this.#progress = progress;
    this.#beatAt = beatAt ?? this.#beatAt;
    if (progress.nextBlock === null) return;
    this.#firstBlock ??= progress.nextBlock;
    this.#rate.add(this.#clock.monotonic(), progress.nextBlock, eventsRead(progress));
  }

  get view(): ProgressView | undefined {
    if (this.#progress === undefined) return undefined;
    const heartbeatAt = this.#beatAt();
    return {
      progress: this.#progress,
      rate: this.#rate.rate,
      firstBlock: this.#firstBlock,
      heartbeatAgeSeconds: heartbeatAt === null ? null : Math.max(0, this.#clock.now() - heartbeatAt) / 1000,
    };
  }
}

class LoggedProgress implements ProgressDisplay {
  readonly #options: ProgressReporterOptions;
  readonly #memory: ProgressMemory;
  #loggedAt: number;

  constructor(options: ProgressReporterOptions) {
    this.#options = options;
    this.#memory = new ProgressMemory(options.clock);
    this.#loggedAt = options.clock.monotonic();
  }

  update(progress: Progress, beatAt?: () => number | null): void {
    this.#memory.remember(progress, beatAt);
    const now = this.#options.clock.monotonic();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.#log();
  }

  end(): void {
    // The end of the run is told by others.
  }

  #log(): void {
    const { view } = this.#memory;
    if (view === undefined) return;
    const { progress, rate } = view;
    const { taskId, lang } = this.#options;
    this.#options.logger.log('info', textsIn(lang).progress.ofTask(taskId, progressText(view, lang)), {
      event: 'task.progress',
      mode: progress.mode,
      next_block: progress.nextBlock,
      target_block: progress.targetBlock,
      head_block: progress.headBlock,
      lag_blocks: lagBlocks(progress),
      events: progress.events,
      events_per_second: Math.round(rate.eventsPerSecond * 10) / 10,
    });
  }
}

class DrawnProgress implements ProgressDisplay {
  readonly #options: ProgressReporterOptions;
  readonly #statusLine: StatusLine;
  readonly #memory: ProgressMemory;
  readonly #ended = new AbortController();
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressReporterOptions, statusLine: StatusLine) {
    this.#options = options;
    this.#statusLine = statusLine;
    this.#memory = new ProgressMemory(options.clock);
    void this.#redraw();
  }

  update(progress: Progress, beatAt?: () => number | null): void {
    this.#memory.remember(progress, beatAt);
    if (this.#options.clock.monotonic() - this.#drawnAt >= drawEveryMs) this.#draw();
  }

  end(): void {
    this.#ended.abort(new Error('the run has ended'));
    this.#draw();
    this.#statusLine.finish();
  }

  #draw(): void {
    const { view } = this.#memory;
    if (view === undefined) return;
    this.#drawnAt = this.#options.clock.monotonic();
    this.#statusLine.show(progressBar(view, this.#options.lang, this.#statusLine.columns));
  }

  /** A run that hangs must be seen to hang: its last heartbeat grows old. */
  async #redraw(): Promise<void> {
    try {
      while (true) {
        await this.#options.clock.sleep(redrawEveryMs, this.#ended.signal);
        this.#draw();
      }
    } catch {
      // The run has ended.
    }
  }
}
