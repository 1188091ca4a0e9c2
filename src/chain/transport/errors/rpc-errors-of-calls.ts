import type { RpcErrorPattern } from './rpc-error-pattern.js';

/**
 * What a contract does with a call. It stands before all else: the reason behind "reverted" is the contract's own text, which
 * must not be taken for the node's.
 */
export const errorsOfCalls: readonly RpcErrorPattern[] = [
  [
    'revert',
    'geth',
    'execution reverted: ERC20: transfer amount exceeds balance',
    /\bexecution reverted\b|^(transaction )?revert(ed)?\b|^vm (execution error|exception while processing)/,
  ],
  ['revert', 'anvil', 'EVM error InvalidFEOpcode', /^evm error:? \w+$/],
  [
    'revert',
    'geth',
    'invalid opcode: INVALID',
    /^(invalid opcode|invalid jump destination|out of gas|stack underflow|stack limit reached|write protection)/,
  ],
  ['revert', 'geth', 'return data out of bounds', /^(return data out of bounds|gas uint64 overflow|max call depth)/],
];
