import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import type { Request } from './engine.js';
import type { PacketFault, PacketFaults } from './packet-faults.js';
import type { SimProcess } from './sim-process.js';
import type { Outcome, SimServer } from './sim-server.js';
import type { Timeline } from './timeline.js';
import type { Troubles } from './troubles.js';

export interface NetworkOptions {
  readonly server: SimServer;
  readonly timeline: Timeline;
  readonly troubles: Troubles;
  readonly random: () => number;
  readonly faults: PacketFaults;
  /** Called when a request reaches the server, before it is taken. */
  readonly onArrival: (sender: SimProcess, request: Request) => void;
  readonly trace: (text: string) => void;
}

/** A request that is in the air. */
interface Call {
  readonly process: SimProcess;
  /** In which life of the server its connection was opened; null: it is being opened. */
  readonly life: number | null;
  readonly request: Request;
  readonly settle: (outcome: Outcome) => void;
}

/** What lies between processes and the server, and what goes wrong there. */
export class Network {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Says whether a connection is known to be gone: its other end was closed when the server went down. */
  isGone(life: number): boolean {
    return life !== this.#options.server.life;
  }

  /** Sends a request; returns how to say that its sender has given up waiting. */
  send(call: Call): () => void {
    const { timeline, troubles, trace } = this.#options;
    const { process } = call;
    let recovered: ((end: number) => void) | undefined;
    const spoil = (): void => {
      recovered ??= troubles.begin(process.name, timeline.now);
    };
    const over = (): void => recovered?.(timeline.now);
    const settle = (outcome: Outcome): void => {
      over();
      call.settle(outcome);
    };
    const fault = this.#pickFault();
    if (fault !== 'none') trace(`${process.name}: a packet (${call.request.kind}) meets ${fault}`);
    if (fault !== 'none' || process.link !== 'whole') spoil();
    this.#send({ ...call, settle }, fault, spoil);
    return over;
  }

  #pickFault(): PacketFault | 'none' {
    const { timeline, random, faults } = this.#options;
    if (timeline.now >= faults.untilMs || random() >= faults.rate) return 'none';
    return faults.kinds[Math.floor(random() * faults.kinds.length)] ?? 'none';
  }

  #send(call: Call, fault: PacketFault | 'none', spoil: () => void): void {
    const { timeline, random, server, faults } = this.#options;
    const { process, life, request } = call;
    const answer = (outcome: Outcome, delayMs = this.#latency()): void => {
      timeline.after(delayMs, () => process.deliver(() => call.settle(outcome)));
    };
    const reply = (outcome: Outcome): void => {
      if (process.link !== 'whole') spoil();
      if (fault === 'answer reset' || process.link === 'refused') answer(broken());
      else if (fault === 'late answer') answer(outcome, random() * faults.delayMs);
      else if (fault !== 'answer lost' && process.link !== 'silent') answer(outcome);
    };
    const onTheWayMs = fault === 'late' ? random() * faults.delayMs : this.#latency();
    if (fault === 'reset' || process.link === 'refused') answer(broken());
    else if (fault === 'contention') answer(server.deadlock());
    else if (fault !== 'lost' && process.link !== 'silent') {
      timeline.after(onTheWayMs, () => {
        this.#options.onArrival(process, request);
        return server.arrive({ sender: process.name, life, request, reply });
      });
    }
  }

  #latency(): number {
    return 1 + this.#options.random() * 4;
  }
}

function broken(): Outcome {
  return { error: new DatabaseUnreachableError('the connection broke') };
}

/** As either driver puts it. */
