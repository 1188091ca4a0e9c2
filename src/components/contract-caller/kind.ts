import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { Keys, Row, StageKind } from '../component.js';
import { callRemarks } from './call-remarks.js';
import { calledFields } from './called-fields.js';
import { resultKeys } from './config.js';
import type { CallConfig, ContractCallerConfig } from './config.js';
import { methodSignature } from './select-method.js';

/** The stage that asks contracts, and adds what they answer to an event. */
export const contractCaller: StageKind<ContractCallerConfig> = {
  type: 'contract_caller',
  role: 'stage',
  schema: async (reading) => (await import('./schema.js')).contractCallerSchema(reading),
  keys: ({ calls }) => ({ contract_callers: calls.map(callKeys) }),
  rows: ({ calls }) => calls.map(callRow),
  fields: calledFields,
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
