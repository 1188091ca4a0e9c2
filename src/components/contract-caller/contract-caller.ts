import { callKey } from '../../database/events/call-result-store.js';
import type { KeptCall } from '../../database/events/call-result-store.js';
import { isMeant } from '../../model/event-choice.js';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage, JsonValue } from '../../model/event-message.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { StageOpening } from '../seam/component.js';
import type { Stage, StageContext } from '../seam/stage.js';
import { parsePath, valueAt } from '../seam/field-path.js';
import type { Fields } from '../seam/field-path.js';
import { CallResults } from './call-results.js';
import type { KnownResult } from './call-results.js';
import type { NeededCall } from './confirmation.js';
import { resultKeys } from './config.js';
import type { CallConfig } from './config.js';
import { literalProblems } from './literal-problems.js';
import { Method, ValueError } from './method.js';

interface Caller {
  readonly config: CallConfig;
  readonly method: Method;
  readonly keys: readonly string[];
}

/** What a caller asks for an event; null: nothing, because what it needs for that is not there. */
interface Plan {
  readonly caller: Caller;
  readonly needed: NeededCall | null;
}

interface Planned {
  readonly message: EventMessage;
  readonly plans: readonly Plan[];
}

/** Warnings that are remembered. */
const mostWarned = 10_000;

/**
 * Adds to events what contracts answer; what can't be known now is not guessed. A remove gets the answers of its insert, as
 * far as they are kept or can be asked: it is told in any case, for its insert may have been.
 */
export class ContractCaller implements Stage {
  readonly #callers: readonly Caller[];
  readonly #name: string;
  readonly #pipelineId: number;
  readonly #results: CallResults;
  readonly #warned = new Set<string>();

  private constructor(callers: readonly Caller[], opening: StageOpening) {
    this.#callers = callers;
    this.#name = opening.name;
    this.#pipelineId = opening.pipelineId;
    this.#results = new CallResults(opening);
  }

  /** Compiles the methods. */
  static async open(calls: readonly CallConfig[], opening: StageOpening): Promise<ContractCaller> {
    const callers = calls.map(async (config) => ({
      ...{ config, keys: resultKeys(config) },
      method: await Method.load(config.method),
    }));
    return new ContractCaller(await Promise.all(callers), opening);
  }

  async map(messages: readonly EventMessage[], context: StageContext): Promise<readonly EventMessage[]> {
    const planned = messages.map((message) => ({ message, plans: this.#plansFor(message, context) }));
    const mapped = new Map<EventMessage, EventMessage>();
    // A block that comes back is asked again for its insert, not for the remove before it.
    for (const op of ['remove', 'insert'] as const) {
      const part = planned.filter(({ message }) => message.op === op);
      for (const [message, result] of await this.#mapPart(part, op, context)) mapped.set(message, result);
    }
    return messages.flatMap((message) => mapped.get(message) ?? []);
  }

  #plansFor(message: EventMessage, context: StageContext): readonly Plan[] {
    return (
      this.#callers
        .filter(({ config: { eventName } }) => isMeant(eventName, message))
        // What the event has already stays: nobody would see the answer.
        .filter(({ keys }) => keys.some((key) => !message.data.fields.has(key)))
        .map((caller) => ({ caller, needed: this.#neededFor(caller, message, context) }))
    );
  }

  #neededFor({ config, method }: Caller, { place, data: { fields } }: EventMessage, context: StageContext) {
    try {
      const target = targetOf(config, fields);
      const data = method.encode(config.params.map((param) => paramValue(param, fields)));
      const block = { number: place.blockNumber, hash: place.blockHash };
      const pinned = { pipelineId: this.#pipelineId, block, at: config.block } as const;
      const of = pinned.at === 'immutable' ? null : { ...pinned, at: pinned.at };
      const kept: KeptCall = { chainId: place.chainId, target, data, of };
      return { key: callKey(kept), kept, block, isValue: (answer: string) => method.returns(answer) };
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.#warn(refusal(config, method, error), context);
      return null;
    }
  }

  async #mapPart(
    planned: readonly Planned[],
    op: EventMessage['op'],
    context: StageContext,
  ): Promise<ReadonlyMap<EventMessage, EventMessage>> {
    const needed = new Map<string, NeededCall>();
    for (const { plans } of planned) {
      for (const { needed: each } of plans) {
        // Of what never changes the newest event's block is kept: the contract is there by then.
        if (each !== null && each.block.number >= (needed.get(each.key)?.block.number ?? 0)) needed.set(each.key, each);
      }
    }
    const known =
      needed.size === 0
        ? new Map<string, KnownResult>()
        : await this.#results.get([...needed.values()], op === 'insert', context);
    const mapped = new Map<EventMessage, EventMessage>();
    for (const each of planned) {
      const result = await this.#mapOne(each, known, context);
      if (result !== null) mapped.set(each.message, result);
    }
    return mapped;
  }

  /**
   * Returns null for an insert that can't be told. A remove always can, with null for what nobody knows: its insert may have been
   * delivered by an earlier definition, or before its answers were forgotten, and one without an insert does no harm.
   */
  async #mapOne({ message, plans }: Planned, known: ReadonlyMap<string, KnownResult>, context: StageContext) {
    const lacking = plans.flatMap(({ needed }): readonly Lacking[] => {
      const each = needed === null ? undefined : known.get(needed.key);
      const isThere = each !== undefined && !('lacks' in each) && each.outcome !== 'gone';
      return needed === null || isThere ? [] : [{ needed, known: each }];
    });
    const isTold = lacking.length === 0 || message.op === 'remove';
    if (isTold) return { ...message, data: this.#dataOf(message, plans, known, context) };
    const { blockNumber: number, blockHash: hash } = message.place;
    if (!(await this.#results.isGone(this.#pipelineId, { number, hash }))) throw notNow(this.#name, number, lacking);
    await this.#results.giveUp(lacking.map(({ needed }) => needed));
    return null;
  }

  #dataOf(
    message: EventMessage,
    plans: readonly Plan[],
    known: ReadonlyMap<string, KnownResult>,
    context: StageContext,
  ): MessageData {
    const { fields } = message.data;
    const answers = new Map<string, JsonValue[]>();
    for (const { caller, needed } of plans) {
      const outcome = needed === null ? undefined : known.get(needed.key);
      const value = needed === null ? null : this.#valueOf(caller, needed, outcome, context);
      for (const key of caller.keys) answers.set(key, [...(answers.get(key) ?? []), value]);
    }
    const result = new Map(fields);
    for (const [key, [first = null, ...others]] of answers) {
      if (!fields.has(key)) result.set(key, others.length === 0 ? first : [first, ...others]);
    }
    return MessageData.ofFields(result);
  }

  #valueOf({ method }: Caller, { kept }: NeededCall, known: KnownResult | undefined, context: StageContext): JsonValue {
    if (known === undefined || !('result' in known)) return null;
    if (known.isUnconfirmed === true && (known.result === null || !method.returns(known.result))) {
      this.#warn(`${kept.target}: null is not confirmed, not stored, and requested again for the next event`, context);
      return null;
    }
    if (known.result === null) return null;
    try {
      return method.decode(known.result);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.#warn(`${method.name} of ${kept.target} is taken for null: ${error.message}`, context);
      return null;
    }
  }

  /** Each text only once: thousands of events may need the same. */
  #warn(text: string, { logger }: StageContext): void {
    if (this.#warned.has(text)) return;
    if (this.#warned.size >= mostWarned) this.#warned.clear();
    this.#warned.add(text);
    logger.log('warn', `${this.#name}: ${text}`, { event: 'contract_caller.no_value' });
  }
}

/** Says why a call can't be made: of a definition that was stored before its values were checked no event ever makes one that can. */
function refusal({ method, params }: CallConfig, { name }: Method, { message }: ValueError): string {
  const [wrong] = literalProblems(method, params);
  if (wrong === undefined) return `${name} can't be called: ${message}`;
  const key = ['method_params', ...wrong.at].join('.');
  return `${name} can't be called for any event, so that its answer is always null: ${key} ${wrong.message}`;
}

function targetOf({ target }: CallConfig, fields: Fields): string {
  if ('address' in target) return target.address;
  const found = fields.get(target.path) ?? valueAt(fields, parsePath(target.path));
  if (typeof found === 'string' && /^0x[0-9a-f]{40}$/i.test(found)) return found.toLowerCase();
  throw new ValueError(`${target.path} is no address`);
}

interface Lacking {
  readonly needed: NeededCall;
  readonly known: KnownResult | undefined;
}

function notNow(name: string, block: number, lacking: readonly Lacking[]): ChainUnreachableError {
  const lacks = lacking.flatMap(({ known }) => (known !== undefined && 'lacks' in known ? [known] : []));
  const unasked = lacks.find((each) => each.unasked !== undefined)?.unasked;
  const others = unasked === undefined ? '' : `; others could not be asked: ${unasked}`;
  const isOfState = lacks.some((each) => each.lacks === 'state');
  const what = isOfState ? `keeps the state of block ${block}` : `knows block ${block} (yet)`;
  const hint = isOfState ? 'add an archive node, or give the call block: latest or block: immutable' : undefined;
  return new ChainUnreachableError(`${name}: no endpoint ${what}, whose contracts are called${others}`, { hint });
}

/** Returns a parameter's value for an event: what its path leads to, else itself. */
function paramValue(param: JsonValue, fields: Fields): JsonValue {
  if (Array.isArray(param)) return (param as readonly JsonValue[]).map((each) => paramValue(each, fields));
  if (typeof param !== 'string') return param;
  const found = fields.get(param) ?? valueAt(fields, parsePath(param));
  // An argument that an event lacks is no text to call with.
  return found ?? (/^args[.[]/.test(param) ? null : param);
}
