import { z } from 'zod';
import type { Reading } from '../seam/component.js';
import { abiKeys, oneAbi } from '../keys/abi.js';
import { address } from '../keys/address.js';
import { json } from '../keys/json.js';
import { choice, line } from '../keys/texts.js';
import { notBoth, together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import type { CallConfig, ContractCallerConfig } from './config.js';
import { literalProblems } from './literal-problems.js';
import { selectMethod } from './select-method.js';

/** Returns the schema of a contract caller's keys: one call, or a list of them. */
export function contractCallerSchema(reading: Reading): z.ZodType<ContractCallerConfig> {
  const call = together(z.strictObject(shape(reading)), checkCall).transform(toConfig);
  const keys = z.strictObject({ ...shape(reading), contract_callers: z.array(call).default([]) });
  return together(keys, checkForm).transform(({ contract_callers: calls, ...one }) => ({
    calls: calls.length > 0 ? calls : [toConfig(one)],
  }));
}

function shape(reading: Reading) {
  return {
    event_name: line(255).optional(),
    contract_address: address().optional(),
    contract_address_source: choice(['static', 'dynamic']).optional(),
    contract_address_field: line(1_000).optional(),
    ...abiKeys(reading, 'function'),
    method_name: line(1_000).optional(),
    method_params: z.array(json).default([]),
    result_key: line(255).optional(),
    block: choice(['event', 'latest', 'immutable']).default('event'),
    description: z.unknown().optional(),
  };
}

type CallKeys = z.output<z.ZodObject<ReturnType<typeof shape>>>;

/** `method_params` and `block` have defaults: what is not given can't be told from them. */
const ofOneCall = ['contract_address', 'contract_address_field', 'abi_path', 'abi', 'method_name', 'result_key'];

function checkForm(look: Look<CallKeys & { contract_callers: readonly CallConfig[] }>): void {
  if (look.isGiven('contract_callers')) for (const key of ofOneCall) notBoth(look, 'contract_callers', key);
  else checkCall(look);
}

function checkCall(look: Look<CallKeys>): void {
  const { right, isGiven, tell } = look;
  oneAbi(look);
  if (right.contract_address_source === 'dynamic' || isGiven('contract_address_field')) {
    notBoth(look, 'contract_address_field', 'contract_address');
    if (!isGiven('contract_address_field'))
      tell('contract_address_field', 'is required', 'name the field of the event');
  } else if (!isGiven('contract_address')) tell('contract_address', 'is required', 'or give contract_address_field');
  if (!isGiven('method_name')) tell('method_name', 'is required');
  const abi = right.abi_path ?? right.abi;
  if (abi === undefined || right.method_name === undefined || right.method_params === undefined) return;
  const selected = selectMethod(abi, right.method_name, right.method_params.length);
  if ('problem' in selected) tell(selected.key, selected.problem);
  else {
    for (const { at, message, hint } of literalProblems(selected.method, right.method_params))
      tell(['method_params', ...at], message, hint);
  }
}

function toConfig(keys: CallKeys): CallConfig {
  const { contract_address: fixed, contract_address_field: path = '', method_params: params } = keys;
  const selected = selectMethod(keys.abi_path ?? keys.abi ?? [], keys.method_name ?? '', params.length);
  return {
    eventName: keys.event_name ?? null,
    target: fixed === undefined ? { path } : { address: fixed },
    method: 'method' in selected ? selected.method : { type: 'function' },
    params,
    resultKey: keys.result_key ?? null,
    block: keys.block,
  };
}
