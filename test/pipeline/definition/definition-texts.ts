import { NotFoundError } from '../../../src/runtime/errors.js';
import type { DefinitionOptions } from '../../../src/pipeline/definition/definition-options.js';

/** USDC's address with the checksum of EIP-55. */
export const usdc = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

/** Options of a parser that finds no stored ABI. */
export const definitionOptions: DefinitionOptions = {
  heartbeatIntervalSeconds: 30,
  storedAbi: (id) => Promise.reject(new NotFoundError(`there is no stored ABI ${id}`)),
};

/** The text of a definition of one event monitor, with lines of further keys from line 7 on. */
export function monitorYaml(...keys: readonly string[]): string {
  const lines = [
    'name: x',
    'components:',
    '  - name: transfers',
    '    type: event_monitor',
    '    chain_name: ethereum',
    '    abi_path: builtin:erc20',
    ...keys.map((key) => `    ${key}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
