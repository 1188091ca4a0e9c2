import type { EventFields, Remark } from '../component.js';
import { missingEvent, missingKey } from '../keys/event-keys.js';
import type { CallConfig, ContractCallerConfig } from './config.js';

/** Remarks keys that no event has: calls that can never be made. */
export function callRemarks({ calls }: ContractCallerConfig, above: readonly EventFields[]): readonly Remark[] {
  return calls.flatMap((call, n) =>
    callRemark(call, above).map((each) => ({ ...each, at: ['contract_callers', n, ...each.at] })),
  );
}

function callRemark({ eventName, target, params }: CallConfig, above: readonly EventFields[]): readonly Remark[] {
  const noEvent = missingEvent(eventName, above);
  if (noEvent !== null) return [{ at: ['event_name'], ...noEvent }];
  const field = 'path' in target ? missingKey(target.path, eventName, above) : null;
  const ofParams = params.flatMap((param, m) => {
    // A text that is no path may well be meant as it stands.
    const isPath = typeof param === 'string' && /^(args|event_args)[.[]/.test(param);
    const missing = isPath ? missingKey(param, eventName, above) : null;
    return missing === null ? [] : [{ at: ['method_params', m], ...missing }];
  });
  return [...(field === null ? [] : [{ at: ['contract_address_field'], ...field }]), ...ofParams];
}
