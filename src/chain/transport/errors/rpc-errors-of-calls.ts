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
    // What is quoted is the contract's reason.
    /\bexecution reverted\b|^(transaction )?revert(ed)?\b|^vm (execution error|exception while processing)(?![^']*\b(time(d )?out|rate limit|limit exceeded|not found|missing trie))/,
  ],
  // Hardhat puts the class of its exception before its text; a fork's node that fails is not told so.
  [
    'revert',
    'Hardhat',
    "Error: Transaction reverted: function selector was not recognized and there's no fallback function",
    /^error: (vm exception while processing transaction: (revert|invalid opcode)|transaction reverted\b)/,
  ],
  ['revert', 'Hardhat', 'Error: Transaction ran out of gas', /^(error: )?transaction ran out of gas/],
  // All words but these are names of halts: these are the node's own failures.
  [
    'revert',
    'anvil',
    'EVM error InvalidFEOpcode',
    /^evm error:? (call halted: )?(?!fatalexternalerror|timeout|ratelimit|database)\w+(\(\w+\))?( \(0x\w*\))?$/,
  ],
  [
    'revert',
    'geth',
    'invalid opcode: INVALID',
    /^(evm error: |err: |failed with \d+ gas: )?(invalid opcode|invalid jump destination|out of gas\b|stack underflow|stack limit reached|write protection)/,
  ],
  ['revert', 'geth', 'return data out of bounds', /^(return data out of bounds|gas uint64 overflow|max call depth)/],
  [
    'revert',
    'Parity',
    'Bad instruction fe',
    /^bad (instruction [0-9a-f]{1,2}|jump destination (0x)?[0-9a-f]+)( \(0x\w*\))?$/,
  ],
  // Names of halts, with nothing beside them: in a sentence they may be the node's own.
  [
    'revert',
    'Nethermind',
    'BadInstruction',
    /^(badinstruction|stackunderflow|outofgas|invalidjumpdestination|staticcallviolation)( \(0x\w*\))?$/,
  ],
  [
    'revert',
    'Besu',
    'Transaction processing could not be completed due to an exception (invalid opcode: 0xaa)',
    /^(transaction processing could not be completed due to an exception:? \(?)?(invalid_(operation|jump_destination)|insufficient_stack_items|invalid opcode: 0x[0-9a-f]+)\)?( \(0x\w*\))?$/,
  ],
];
