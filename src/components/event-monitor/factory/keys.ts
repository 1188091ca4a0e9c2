import { z } from 'zod';
import { argumentPaths, findArgument } from '../../../chain/abi/argument-path.js';
import { eventSignature } from '../../../chain/abi/compile-event.js';
import type { AbiFragment } from '../../../model/pipeline.js';
import { nearest } from '../../../runtime/nearest.js';
import type { Keys, Reading } from '../../seam/component.js';
import { abiKeys, oneAbi } from '../../keys/abi.js';
import { address } from '../../keys/address.js';
import { whole } from '../../keys/numbers.js';
import { oneOrMore } from '../../keys/texts.js';
import { isMapping, together } from '../../keys/together.js';
import type { Look } from '../../keys/together.js';
import { selectEvent } from '../../keys/select-event.js';
import type { FactoryConfig } from './config.js';

/** Addresses, as `addresses` has them; or a factory that announces them. */
export function addressesOrFactory(
  reading: Reading,
  addresses: z.ZodType<readonly string[]>,
): z.ZodType<readonly string[] | FactoryConfig> {
  return byShape(addresses, factorySchema(reading));
}

/** Returns the keys of a definition that give a factory again. */
export function factoryKeys({ factory, event, parameter, startBlock }: FactoryConfig): Keys {
  return {
    factory: 'event' in factory ? factoryKeys(factory) : factory.length === 1 ? factory[0] : factory,
    event: eventSignature(event),
    parameter,
    abi: [event],
    start_block: startBlock,
  };
}

type FactorySchemaKeys = ReturnType<typeof shape>;

function shape(reading: Reading) {
  return {
    factory: z.lazy(() => addressesOrFactory(reading, oneOrMore(address(), 'an address'))),
    event: z.string().trim().min(1),
    parameter: z.string().trim().min(1),
    ...abiKeys(reading),
    start_block: whole(0).default(0),
  };
}

function factorySchema(reading: Reading): z.ZodType<FactoryConfig> {
  return together(z.strictObject(shape(reading)), checkFactory).transform(toFactory);
}

async function checkFactory(look: Look<z.output<z.ZodObject<FactorySchemaKeys>>>): Promise<void> {
  const { right, tell } = look;
  oneAbi(look);
  const events = eventsIn(right);
  if (right.event === undefined || events.length === 0) return;
  const signatures = events.map(eventSignature);
  const selected = await selectEvent(right.event, signatures);
  if ('problem' in selected) {
    tell('event', selected.problem, selected.hint);
    return;
  }
  const meant = matching(events, selected.event);
  const [event] = meant;
  if (meant.length > 1)
    tell('event', `names ${meant.length} events of the ABI`, `write one of ${meant.map(eventSignature).join(', ')}`);
  else if (event?.anonymous === true) tell('event', 'is anonymous: a node can not be asked for it');
  else if (event !== undefined && right.parameter !== undefined) checkParameter(event, right.parameter, tell);
}

function checkParameter(event: AbiFragment, parameter: string, tell: Look<unknown>['tell']): void {
  const place = findArgument(event, pathOf(parameter));
  const isAddress = (path: string): boolean => findArgument(event, path)?.type.kind === 'address';
  if (place?.type.kind === 'address') return;
  const closest = nearest(pathOf(parameter), argumentPaths(event).filter(isAddress))?.slice('args.'.length);
  const tail = closest === undefined ? ', which has none' : `; the nearest is ${closest}`;
  tell('parameter', `${JSON.stringify(parameter)} is no argument of ${event.name ?? ''} that holds an address${tail}`);
}

async function toFactory(keys: z.output<z.ZodObject<FactorySchemaKeys>>): Promise<FactoryConfig> {
  const events = eventsIn(keys);
  const selected = await selectEvent(keys.event, events.map(eventSignature));
  const [event] = 'event' in selected ? matching(events, selected.event) : [];
  return {
    factory: keys.factory,
    event: event ?? { type: 'event' },
    parameter: pathOf(keys.parameter).slice('args.'.length),
    startBlock: keys.start_block,
  };
}

function pathOf(parameter: string): string {
  return parameter.startsWith('args.') ? parameter : `args.${parameter}`;
}

type Abis = Partial<Record<'abi_path' | 'abi', readonly AbiFragment[] | undefined>>;

function eventsIn({ abi_path: named, abi: inline }: Abis): readonly AbiFragment[] {
  return (named ?? inline ?? []).filter(({ type }) => type === 'event');
}

function matching(events: readonly AbiFragment[], written: string): readonly AbiFragment[] {
  return events.filter((event) => event.name === written || eventSignature(event) === written);
}

/** A mapping is held against one schema, all else against the other: each tells its own problems, all of them, in their places. */
function byShape<A, B>(plain: z.ZodType<A>, mapping: z.ZodType<B>): z.ZodType<A | B> {
  const either: z.ZodType<A | B> = z.any();
  either._zod.run = (payload, context) => {
    const { value } = payload as { readonly value: unknown };
    return (isMapping(value) ? mapping : plain)._zod.run(payload as never, context);
  };
  return either;
}
