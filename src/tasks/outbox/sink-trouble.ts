import { ReceiverAwayError } from '../../components/seam/delivery-errors.js';
import type { SinkStanding } from '../../model/sink.js';
import type { Clock } from '../../runtime/clock.js';
import { hintIn, messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { SinkRow } from './sink-row.js';

/** Waits between tries of what can't be reached. */
const backoff = { firstMs: 250, maxMs: 60_000 };
/** A receiver that says when it wants to be asked again gets its way for so many milliseconds at most. */
const longestAskedMs = 3_600_000;
/** The same trouble is written again after so many milliseconds: its time shows that it lasts. */
const retellMs = 30_000;
/** Characters of an error that are kept, and of what to do about it: SQL for every column of a table is of no use in part. */
const mostText = 2_000;
const mostRemedy = 100_000;

interface SinkTroubleParts {
  readonly guard: { readonly pipelineId: number };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mask: (text: string) => string;
  readonly standingOf: (name: string) => Pick<SinkStanding, 'failing'> | undefined;
}

/** What keeps a sink from delivering: told in its row and in the log, and how long to wait for it to pass. */
export class SinkTrouble {
  readonly #sink: string;
  readonly #row: SinkRow;
  readonly #parts: SinkTroubleParts;
  #attempts = 0;
  /** Its row says so, whoever wrote it: the run before may have been killed. */
  #isFailing: boolean;
  #told: string | null = null;
  #toldAt = -Infinity;

  constructor(sink: string, row: SinkRow, parts: SinkTroubleParts) {
    this.#sink = sink;
    this.#row = row;
    this.#parts = parts;
    this.#isFailing = parts.standingOf(sink)?.failing === true;
  }

  /** What keeps the sink from delivering; null: nothing that is known. */
  get told(): string | null {
    return this.#told;
  }

  /** Tells an error, and returns after how many milliseconds to try again. */
  async bear(error: Error): Promise<number> {
    this.#attempts += 1;
    await this.tell(error);
    const asked = error instanceof ReceiverAwayError ? error.retryAfterMs : undefined;
    // A receiver that wants to be asked at once, or at a time that is past, would be asked without end.
    if (asked === undefined || asked <= 0) return backoffMs(this.#attempts, backoff);
    return Math.min(Math.max(asked, backoff.firstMs), longestAskedMs);
  }

  /** Writes down what is wrong; where the database is what is away, the log alone has it. */
  async tell(error: Error, about?: string): Promise<void> {
    const { clock, logger, mask, guard } = this.#parts;
    const message = `${about === undefined ? '' : `${about}: `}${messageOf(error)}`;
    const what = mask(message).slice(0, mostText) + mask(hintIn(error)).slice(0, mostRemedy);
    const isNews = this.#told !== what;
    if (!isNews && clock.monotonic() - this.#toldAt < retellMs) return;
    const fields = { event: 'sink.failing', pipeline_id: guard.pipelineId, sink: this.#sink };
    if (isNews) logger.log('warn', `sink ${this.#sink} can’t deliver: ${what}`, fields);
    [this.#told, this.#toldAt, this.#isFailing] = [what, clock.monotonic(), true];
    await this.#row.write({ error: what }).catch(() => undefined);
  }

  /** Tells that it works again. */
  async over(): Promise<void> {
    this.#attempts = 0;
    if (!this.#isFailing) return;
    await this.#row.write({ error: null });
    [this.#told, this.#isFailing] = [null, false];
    const fields = { event: 'sink.back', pipeline_id: this.#parts.guard.pipelineId, sink: this.#sink };
    this.#parts.logger.log('info', `sink ${this.#sink} delivers again`, fields);
  }
}
