import { CallReader } from '../../chain/calls/call-reader.js';
import type { ChainAccess } from '../../chain/chains.js';
import type { BlockCalls, CallAnswer, CallBlock, ContractCall } from '../../chain/calls/contract-call.js';
import { CallResultStore } from '../../database/events/call-result-store.js';
import type { CallOutcome, KeptCall } from '../../database/events/call-result-store.js';
import type { BlockRef } from '../../model/block.js';
import { UsageError } from '../../runtime/errors.js';
import type { StageOpening } from '../seam/component.js';
import type { StageContext } from '../seam/stage.js';
import { Confirmation } from './confirmation.js';
import type { AnsweredCall, AskedCall, CheckedCall, NeededCall } from './confirmation.js';

/** What is known of a call by now. */
export type KnownResult =
  /** `isUnconfirmed`: it is not stored. */
  (CallOutcome & { readonly isUnconfirmed?: boolean }) | Extract<CallAnswer, { readonly lacks: unknown }>;

/** Knows what contracts answered: from the table, and from the chain what that has not. */
export class CallResults {
  /** Null: nothing may be stored. */
  readonly #store: CallResultStore | null;
  readonly #chain: ChainAccess;
  #reader: CallReader | undefined;
  readonly #confirmation: Confirmation;

  constructor({ database, chain }: StageOpening) {
    this.#store = database === null ? null : new CallResultStore(database);
    if (chain === null) throw new UsageError('contracts are asked through an RPC URL, and none is set for this chain');
    this.#chain = chain;
    this.#confirmation = new Confirmation(chain, (...asked) => this.#read(...asked));
  }

  /**
   * Returns what is known of calls, by their keys, each given once; what has been asked is kept first, so that the same comes
   * again. `again`: asks also for what was once given up because its block was gone.
   */
  async get(
    calls: readonly NeededCall[],
    again: boolean,
    context: StageContext,
  ): Promise<ReadonlyMap<string, KnownResult>> {
    const known = new Map<string, KnownResult>();
    for (const [key, outcome] of (await this.#store?.find(calls.map(({ key }) => key))) ?? [])
      if (!again || outcome.outcome !== 'gone') known.set(key, outcome);
    const missing = calls.filter(({ key }) => !known.has(key));
    if (missing.length > 0) for (const [key, each] of await this.#ask(missing, context)) known.set(key, each);
    return known;
  }

  /** Notes that the block of calls was gone before they could be made. */
  async giveUp(calls: readonly NeededCall[]): Promise<void> {
    const pinned = calls.filter(({ kept }) => kept.of !== null);
    const rows = pinned.map(({ key, kept }) => [key, { ...kept, outcome: 'gone', result: null } as const] as const);
    await this.#store?.keep(new Map(rows));
  }

  /** Says whether a block has been taken back, as far as the pipeline knows; of a preview's nothing is stored. */
  async isGone(pipelineId: number, block: BlockRef): Promise<boolean> {
    return this.#store !== null && !(await this.#store.holdsBlock(pipelineId, block));
  }

  async #ask(calls: readonly NeededCall[], context: StageContext): Promise<ReadonlyMap<string, KnownResult>> {
    const first = new Map((await this.#askChain(calls, context)).map((each) => [each.key, each]));
    const checked = await this.#confirmation.check([...first.values()], context);
    const asked = new Map(checked.map((each) => [each.key, toKnown(each)]));
    const results = calls.flatMap(({ key, kept }): (readonly [string, KeptCall & CallOutcome])[] => {
      const known = asked.get(key);
      return known === undefined || 'lacks' in known || known.isUnconfirmed === true
        ? []
        : [[key, { ...kept, ...known }]];
    });
    if (this.#store === null || results.length === 0) return asked;
    await this.#store.keep(new Map(results));
    // Somebody may have been quicker, and his is what was sent.
    const kept = await this.#store.find(results.map(([key]) => key));
    return new Map<string, KnownResult>([...asked, ...kept]);
  }

  async #askChain(calls: readonly NeededCall[], context: StageContext): Promise<readonly AnsweredCall[]> {
    const constant = calls.filter(({ kept }) => kept.of === null);
    const newest = newestOf(constant);
    const first = await this.#read(
      calls.map((call) => ({ ...call, at: blockOf(call, newest) })),
      context,
    );
    // There may be no contract any more, while there was one when the event happened.
    const empty = first.filter(({ kept, block, answer }) => kept.of === null && isEmpty(answer) && block !== newest);
    const second = await this.#read(
      empty.map((call) => ({ ...call, at: call.block })),
      context,
    );
    // What never changes may be asked of the newest block where older states are gone.
    const lacking = first.filter(({ kept, answer }) => kept.of === null && 'lacks' in answer);
    const third = await this.#read(
      lacking.map((call) => ({ ...call, at: { latestFrom: call.block.number } })),
      context,
    );
    return [...first, ...second.filter(({ answer }) => !('lacks' in answer)), ...third];
  }

  async #read(
    calls: readonly AskedCall[],
    context: StageContext,
    only?: readonly string[],
  ): Promise<readonly AnsweredCall[]> {
    if (calls.length === 0) return [];
    const groups = new Map<string, { block: CallBlock; calls: ContractCall[] }>();
    for (const { at, kept } of calls) {
      const name = 'hash' in at ? at.hash : 'latest';
      const group = groups.get(name) ?? { block: at, calls: [] };
      // One look at the newest block serves all.
      if ('latestFrom' in at) group.block = { latestFrom: Math.max(at.latestFrom, latestOf(group.block)) };
      group.calls.push(kept);
      groups.set(name, group);
    }
    const list: readonly BlockCalls[] = [...groups.values()];
    // Only here is an endpoint wanted: who previews an event with all its answers has none to give.
    this.#reader ??= new CallReader(this.#chain.client);
    const answers = await this.#reader.read(list, context, only);
    return calls.map((call) => ({ ...call, answer: answers.get(call.kept) ?? { lacks: 'block' } }));
  }
}

function blockOf({ kept, block }: NeededCall, newest: BlockRef | undefined): CallBlock {
  if (kept.of === null) return newest ?? block;
  return kept.of.at === 'event' ? kept.of.block : { latestFrom: block.number };
}

/** One block for all that never changes: no event is newer. */
function newestOf(calls: readonly NeededCall[]): BlockRef | undefined {
  return calls
    .map(({ block }) => block)
    .toSorted((a, b) => a.number - b.number)
    .at(-1);
}

function latestOf(block: CallBlock): number {
  return 'latestFrom' in block ? block.latestFrom : 0;
}

function isEmpty(answer: CallAnswer): boolean {
  return 'data' in answer && answer.data === '0x';
}

function toKnown({ answer, isConfirmed }: CheckedCall): KnownResult {
  if ('lacks' in answer) return answer;
  const { data } = answer;
  const outcome =
    data === null ? ({ outcome: 'reverted', result: null } as const) : ({ outcome: 'answered', result: data } as const);
  return isConfirmed ? outcome : { ...outcome, isUnconfirmed: true };
}
