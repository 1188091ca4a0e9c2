import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { EventFields, Keys, Remark, Row, StageKind, Field } from '../seam/component.js';
import { isTaken, missingEvent, missingKey } from '../keys/event-keys.js';
import { resultKeys, type CallConfig, type ContractCallerConfig } from './config.js';
import { methodSignature, typesOf } from './select-method.js';
import { isMeant } from '../../model/event-choice.js';

/** The stage that asks contracts, and adds what they answer to an event. */
export const contractCaller: StageKind<ContractCallerConfig> = {
  type: 'contract_caller',
  role: 'stage',
  asksChain: true,
  schema: async (reading) => (await import('./schema.js')).contractCallerSchema(reading),
  keys: ({ calls }) => ({ contract_callers: calls.map(callKeys) }),
  rows: ({ calls }) => calls.map(callRow),
  fields: (config, above) => above.map((event) => calledFields(config, event)),
  remarks: (config, above) => Promise.resolve(callRemarks(config, above)),
  open: async ({ calls }, opening) => {
    const { ContractCaller } = await import('./contract-caller.js');
    return ContractCaller.open(calls, opening);
  },
};

function callKeys({ eventName, target, method, params, resultKey, block }: CallConfig): Keys {
  const address =
    'address' in target
      ? { contract_address: target.address }
      : { contract_address_source: 'dynamic', contract_address_field: target.path };
  return {
    ...(eventName === null ? {} : { event_name: eventName }),
    ...address,
    abi: [method],
    method_name: method.name,
    method_params: params,
    ...(resultKey === null ? {} : { result_key: resultKey }),
    block,
  };
}

function callRow(call: CallConfig): Row {
  const { eventName, target, method, block } = call;
  const where = 'address' in target ? toChecksumAddress(target.address) : target.path;
  return [
    eventName ?? 'every event',
    `${resultKeys(call).join(', ')}: ${methodSignature(method)} of ${where}, block: ${block}`,
  ];
}

/** Remarks keys that no event has, and answers that none has room for: calls that can never be made. */
function callRemarks({ calls }: ContractCallerConfig, above: readonly EventFields[]): readonly Remark[] {
  return calls.flatMap((call, n) =>
    callRemark(call, above).map((each) => ({ ...each, at: ['contract_callers', n, ...each.at] })),
  );
}

function callRemark(call: CallConfig, above: readonly EventFields[]): readonly Remark[] {
  const { eventName, target, params, resultKey } = call;
  const noEvent = missingEvent(eventName, above);
  if (noEvent !== null) return [{ at: ['event_name'], ...noEvent }];
  const keys = resultKeys(call);
  if (keys.every((key) => isTaken(key, eventName, above))) {
    const what = `${keys.join(' and ')} ${keys.length === 1 ? 'is a key' : 'are keys'} of the event, never overwritten`;
    const at = [resultKey === null ? 'method_name' : 'result_key'];
    return [{ at, message: `${what}: the call is not made` }];
  }
  const field = 'path' in target ? missingKey(target.path, eventName, above) : null;
  const ofParams = params.flatMap((param, m) => {
    // A text that is no path may well be meant as it stands.
    const isPath = typeof param === 'string' && /^(args|event_args)[.[]/.test(param);
    const missing = isPath ? missingKey(param, eventName, above) : null;
    return missing === null ? [] : [{ at: ['method_params', m], ...missing }];
  });
  return [...(field === null ? [] : [{ at: ['contract_address_field'], ...field }]), ...ofParams];
}

/** Returns an event's fields and those of the answers, by the types that the methods return. */
function calledFields({ calls }: ContractCallerConfig, above: EventFields): EventFields {
  const types = new Map<string, string[]>();
  for (const call of calls) {
    if (!isMeant(call.eventName, above)) continue;
    for (const key of resultKeys(call)) types.set(key, [...(types.get(key) ?? []), answerType(call)]);
  }
  const known = new Set(above.fields.map(({ name }) => name));
  const added = [...types]
    .filter(([name]) => !known.has(name))
    .map(([name, of]): Field => ({ name, type: listOf(of) }));
  return { ...above, fields: [...above.fields, ...added] };
}

/** Several outputs are a list of them. */
function answerType({ method }: CallConfig): string {
  const types = typesOf(method.outputs);
  return types.length === 1 ? (types[0] ?? 'text') : `(${types.join(',')})`;
}

/** Several answers under one name are a list, in the order of the calls. */
function listOf([first = 'text', ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return others.every((type) => type === first) ? `${first}[]` : 'text';
}
