import type { Request } from './engine.js';
import type { SimProcess } from './sim-process.js';
import type { PlannedAmbush } from './planned-ambush.js';
import type { SimServer } from './sim-server.js';

interface AmbushOptions {
  readonly server: SimServer;
  readonly processes: ReadonlyMap<string, SimProcess>;
  readonly trace: (text: string) => void;
}

/** Waits for its moment, once. */
export class Ambush {
  readonly #options: AmbushOptions;
  readonly #plan: PlannedAmbush | null;
  #isOver = false;

  constructor(plan: PlannedAmbush | null, options: AmbushOptions) {
    this.#options = options;
    this.#plan = plan;
  }

  /** From here on nothing happens any more. */
  callOff(): void {
    this.#isOver = true;
  }

  /** A request reaches the server. */
  meet(sender: SimProcess, request: Request): void {
    const { trace, processes } = this.#options;
    if (this.#plan === null || this.#isOver) return;
    if (kindOf(sender, request) !== this.#plan.at) return;
    this.#isOver = true;
    trace(`ambush of ${sender.name}: ${JSON.stringify(this.#plan)}`);
    if (this.#plan.wakes) for (const process of processes.values()) process.resume();
    this.#spring(sender, this.#plan);
  }

  #spring(sender: SimProcess, { then, forMs }: PlannedAmbush): void {
    const { server } = this.#options;
    if (then === 'crash the sender') sender.crash();
    else if (then === 'freeze') server.freezeFor(forMs);
    else if (then === 'down') server.downFor(forMs);
    else if (then === 'cut the sender off') sender.cutFor('silent', forMs);
    else sender.suspendFor('stopped', forMs);
  }
}

function kindOf(sender: SimProcess, request: Request): PlannedAmbush['at'] | null {
  if (request.kind !== 'script') return null;
  const texts = request.steps.map((step) => ('sql' in step ? step.sql : ''));
  const has = (words: string): boolean => texts.some((text) => text.includes(words));
  if (has('insert into `pipeline_task`')) return 'claim';
  if (has('update `pipeline_checkpoint`')) return 'commit';
  if (!has('`end_reason` = ')) return null;
  return sender.name.startsWith('m') ? 'judgement' : 'finish';
}
