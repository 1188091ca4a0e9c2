import { toChecksumAddress } from '../chain/abi/checksum.js';
import type { DefinitionMap } from './definition-map.js';
import { problemAt, shown } from './yaml-node.js';
import type { YamlNode } from './yaml-node.js';

/** Reads the addresses of a key, one or a list; each once, in lower case. */
export function parseAddresses(map: DefinitionMap, key: string): readonly string[] {
  const addresses = map.list(key, { single: true }).map((node) => parseAddress(node, key));
  return [...new Set(addresses)];
}

/** Reads an address; written in mixed case it must carry the checksum of EIP-55. Returns it in lower case. */
function parseAddress(node: YamlNode, key: string): string {
  const text = node.kind === 'scalar' ? node.source.trim() : '';
  if (!/^0x[0-9a-f]{40}$/i.test(text)) {
    throw problemAt(node, `${key}: must be an address of 0x and 40 hex digits, not ${shown(node)}`, addressHint(text));
  }
  const digits = text.slice(2);
  const address = `0x${digits.toLowerCase()}`;
  const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (isMixed && toChecksumAddress(address).slice(2) !== digits) {
    throw problemAt(
      node,
      `${key}: ${text} has a wrong EIP-55 checksum; the right one is ${toChecksumAddress(address)}`,
    );
  }
  return address;
}

function addressHint(text: string): string | undefined {
  if (/^[0-9a-f]{40}$/i.test(text)) return 'write 0x in front of it';
  if (/^0x[0-9a-f]+$/i.test(text)) return `it has ${text.length - 2} hex digits`;
  if (/\.eth$/i.test(text)) return 'names of ENS are not looked up: give the address';
  return undefined;
}
