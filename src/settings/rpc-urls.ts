import { isLoginEncoded } from '../runtime/login-header.js';
import { Problems } from '../runtime/problems.js';
import type { FoundSetting } from './setting.js';
import { maskUrl } from '../runtime/secrets.js';
import { findVariable, type SettingsSource } from './settings-sources.js';

const suffix = '_RPC_URL';

/** Variables that mean a chain beside the one that its name makes. */
const otherVariables: Readonly<Record<string, readonly string[]>> = { ethereum: ['ETH_RPC_URL'] };

/** Returns the variables that may hold a chain's RPC URLs: `arbitrum-nova` is ARBITRUM_NOVA_RPC_URL. */
function rpcVariables(chainName: string): readonly string[] {
  const name = chainName.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  return [name + suffix, ...(otherVariables[chainName.toLowerCase()] ?? [])];
}

/**
 * Returns the RPC URLs of a chain, best source first; none where none is set. Throws UsageError for one that is no
 * URL of HTTP or a WebSocket.
 */
export function findRpcUrls(sources: readonly SettingsSource[], chainName: string): readonly string[] {
  const found = findRpcSetting(sources, chainName);
  return found === undefined ? [] : splitRpcUrls(found);
}

/** Returns the text that names a chain's RPC URLs, and where it came from. */
export function findRpcSetting(sources: readonly SettingsSource[], chainName: string): FoundSetting | undefined {
  return (
    findEntry(sources, 'flag', 'rpcUrl') ??
    findVariable(sources, ...rpcVariables(chainName)) ??
    findEntry(sources, 'key', `rpc_urls.${chainName.toLowerCase()}`)
  );
}

/** Returns the RPC URLs that the flag and the configuration file name; variables may be those of other programs. */
export function ownRpcSettings(sources: readonly SettingsSource[]): readonly FoundSetting[] {
  return sources.flatMap(({ kind, entries }) =>
    [...entries].filter(([name]) => isOwnRpcUrl(kind, name)).map(([, found]) => found),
  );
}

function isOwnRpcUrl(kind: SettingsSource['kind'], name: string): boolean {
  return kind === 'flag' ? name === 'rpcUrl' : kind === 'key' && name.startsWith('rpc_urls.');
}

function findEntry(
  sources: readonly SettingsSource[],
  kind: SettingsSource['kind'],
  name: string,
): FoundSetting | undefined {
  return sources.find((source) => source.kind === kind)?.entries.get(name);
}

/** Returns the names of the chains that any source names RPC URLs for. */
export function chainsWithRpcUrls(sources: readonly SettingsSource[]): readonly string[] {
  const chains = sources.flatMap(({ kind, entries }) =>
    [...entries.keys()].flatMap((name) => {
      if (kind === 'key' && name.startsWith('rpc_urls.')) return [name.slice('rpc_urls.'.length)];
      return kind === 'variable' && name.endsWith(suffix) && name !== suffix ? [chainOfVariable(name)] : [];
    }),
  );
  return [...new Set(chains)].sort();
}

function chainOfVariable(variable: string): string {
  const owner = Object.entries(otherVariables).find(([, names]) => names.includes(variable))?.[0];
  return owner ?? variable.slice(0, -suffix.length).toLowerCase().replaceAll('_', '-');
}

/** Splits a list of URLs and checks each of them; throws UsageError with those that are none. */
export function splitRpcUrls({ text, origin }: FoundSetting): readonly string[] {
  const urls = text.split(/[,\s]+/).filter((url) => url !== '');
  const problems = new Problems();
  for (const url of urls) {
    const isUrl = URL.canParse(url) && /^(https?|wss?):\/\//i.test(url);
    if (isUrl && isLoginEncoded(new URL(url))) continue;
    const shown = `RPC URL '${maskUrl(url)}' (${origin})`;
    if (isUrl) problems.add(`${shown} has a login that is not percent-encoded`, 'write % as %25');
    else
      problems.add(
        `${shown} is no URL of HTTP or a WebSocket`,
        'write http://host:port, https://…, ws://… or wss://…; several are separated by commas',
      );
  }
  if (urls.length === 0) problems.add(`RPC URL (${origin}) is empty`);
  problems.throwIfAny();
  return urls;
}
