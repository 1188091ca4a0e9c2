import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import type { Engine, Request } from './engine.js';
import { epochMs } from './sim-process.js';
import type { Timeline } from './timeline.js';
import type { Troubles } from './troubles.js';

/** What a server says to a packet. */
export type Outcome = { readonly answer: unknown } | { readonly error: Error };

/** A packet on its way. */
export interface Packet {
  readonly sender: string;
  /** Which life of the server the connection was opened in; null: it is being opened. */
  readonly life: number | null;
  readonly request: Request;
  readonly reply: (outcome: Outcome) => void;
}

interface Queued {
  readonly packet: Packet;
  readonly arrivedAt: number;
}

export interface SimServerOptions {
  readonly engine: Engine;
  readonly timeline: Timeline;
  readonly troubles: Troubles;
  readonly random: () => number;
  /** By how much its clock is wrong, in milliseconds. */
  readonly skewMs: number;
  readonly trace: (text: string) => void;
}

/** The name under which the server's troubles are noted, and those of its clock. */
export const serverName = 'server';
export const clockName = 'database clock';

/** How long a server that is thawed takes for its queue, in milliseconds, at most. */
const queueMs = 2_000;

const dayMs = 86_400_000;

/** A database server that freezes, is killed and restarted, and has a clock of its own. */
export class SimServer {
  readonly #options: SimServerOptions;
  readonly #queue: Queued[] = [];
  #state: 'up' | 'frozen' | 'down' = 'up';
  #life = 1;
  #upSince = -dayMs;
  #clockOffsetMs: number;
  #recovered: (end: number) => void = () => undefined;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.#clockOffsetMs = options.skewMs;
  }

  /** Counts its lives: a connection that was opened in an earlier one is gone. */
  get life(): number {
    return this.#life;
  }

  /** Takes a packet: executes it, keeps it until it is thawed, or refuses it. */
  async arrive(packet: Packet): Promise<void> {
    const { timeline } = this.#options;
    if (this.#state === 'frozen') this.#queue.push({ packet, arrivedAt: timeline.now });
    else await this.#execute(packet, timeline.now);
  }

  /** What the driver of this kind of server says where others held locks. */
  deadlock(): Outcome {
    const code = this.#options.engine.client === 'pg' ? '40P01' : 'SQLITE_BUSY';
    return { error: Object.assign(new Error('deadlock'), { code, errno: 1213 }) };
  }

  freeze(): void {
    if (this.#state === 'up') this.#away('frozen');
  }

  /** What has queued up is executed one by one, in any order, while new packets come in. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    const { timeline, random } = this.#options;
    this.#back();
    const queued = this.#queue.splice(0);
    // One of them had begun when the server froze.
    const begun = Math.floor(random() * 2 * queued.length);
    queued.forEach(({ packet, arrivedAt }, i) => {
      const life = this.#life;
      const isBegun = i === begun && isSingle(packet.request);
      timeline.after(random() * queueMs, () =>
        life === this.#life && this.#state === 'up'
          ? this.#execute(packet, isBegun ? arrivedAt : timeline.now)
          : packet.reply(reset()),
      );
    });
  }

  kill(): void {
    if (this.#state === 'down') return;
    if (this.#state === 'up') this.#away('down');
    this.#state = 'down';
    for (const { packet } of this.#queue.splice(0)) packet.reply(reset());
  }

  restart(): void {
    if (this.#state !== 'down') return;
    this.#back();
    this.#life++;
    this.#upSince = this.#options.timeline.now;
  }

  freezeFor(durationMs: number): void {
    this.freeze();
    this.#options.timeline.after(durationMs, () => this.thaw());
  }

  /** Kills it, and starts it again after a while. */
  downFor(durationMs: number): void {
    this.kill();
    this.#options.timeline.after(durationMs, () => this.restart());
  }

  jumpClock(byMs: number): void {
    const { timeline, troubles } = this.#options;
    this.#clockOffsetMs += byMs;
    troubles.begin(clockName, timeline.now)(timeline.now);
  }

  #away(state: 'frozen' | 'down'): void {
    const { timeline, troubles } = this.#options;
    this.#state = state;
    this.#recovered = troubles.begin(serverName, timeline.now);
  }

  #back(): void {
    this.#state = 'up';
    this.#recovered(this.#options.timeline.now);
  }

  async #execute({ sender, life, request, reply }: Packet, begunAt: number): Promise<void> {
    const { engine, timeline } = this.#options;
    const at = timeline.now;
    const toEpoch = (virtualMs: number): number => epochMs + virtualMs + this.#clockOffsetMs;
    if (this.#state !== 'up' || (life !== null && life !== this.#life)) reply(reset());
    else if (request.kind === 'hello') reply({ answer: this.#life });
    else if (request.kind === 'read' && /Uptime|pg_postmaster_start_time/.test(request.sql))
      reply({ answer: this.#uptime() });
    else reply(await answerOf(engine, request, { at, sender, clockMs: toEpoch(begunAt), liveMs: toEpoch(at) }));
  }

  #uptime(): unknown {
    const seconds = Math.floor((this.#options.timeline.now - this.#upSince) / 1_000);
    const { client } = this.#options.engine;
    if (client === 'pg') return [{ seconds }];
    const rows = [{ Value: String(seconds) }];
    return client === 'mysql2' ? rows : [rows];
  }
}

async function answerOf(engine: Engine, ...packet: Parameters<Engine['execute']>): Promise<Outcome> {
  try {
    return { answer: await engine.execute(...packet) };
  } catch (error) {
    return { error: error as Error };
  }
}

/** A statement that had begun judges by the clock of then; the statements behind it in a script do not. */
function isSingle(request: Request): boolean {
  return request.kind === 'script' && request.steps.length === 1;
}

function reset(): Outcome {
  return { error: new DatabaseUnreachableError('the connection was reset') };
}
