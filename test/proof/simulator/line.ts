import type { BulkInsert, ScriptRunner, ScriptStep, TellSent, StepResult } from '../../../src/database/script.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import type { Request } from './engine.js';
import type { Network } from './network.js';
import type { SimProcess } from './sim-process.js';

/** A process's connection to the server: opened when first used, dropped where an answer stays away for too long. */
export class Line {
  readonly #process: SimProcess;
  readonly #network: Network;
  readonly #timeoutMs: number;
  /** In which life of the server it was opened; null: it is closed. */
  #life: number | null = null;

  constructor(process: SimProcess, network: Network, timeoutMs: number) {
    this.#process = process;
    this.#network = network;
    this.#timeoutMs = timeoutMs;
  }

  async ask(request: Request): Promise<unknown> {
    if (this.#life !== null && this.#network.isGone(this.#life)) this.#life = null;
    this.#life ??= (await this.#roundTrip({ kind: 'hello' }, null)) as number;
    return this.#roundTrip(request, this.#life);
  }

  #roundTrip(request: Request, life: number | null): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const fail = (error: Error): void => {
        if (error instanceof DatabaseUnreachableError) this.#life = null;
        reject(error);
      };
      const giveUp = this.#network.send({
        process: this.#process,
        life,
        request,
        settle: (outcome) => {
          // An answer on a connection that was dropped reaches nobody.
          if (isOver) return;
          cancel();
          if ('answer' in outcome) resolve(outcome.answer);
          else fail(outcome.error);
        },
      });
      const cancel = this.#process.timer(this.#timeoutMs, () => {
        isOver = true;
        giveUp();
        fail(new DatabaseUnreachableError(`the database did not answer within ${this.#timeoutMs} ms`));
      });
    });
  }
}

/** Runs scripts one after the other over a line, as the runner of MySQL does. */
export class LineRunner implements ScriptRunner {
  readonly #line: Line;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(line: Line) {
    this.#line = line;
  }

  run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]> {
    const result = this.#turn.then(() => {
      const answer = this.#line.ask({ kind: 'script', steps });
      sent?.();
      return answer;
    });
    this.#turn = result.catch(() => undefined);
    return result as Promise<readonly StepResult[]>;
  }

  prepare(insert: BulkInsert): BulkInsert {
    return insert;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
