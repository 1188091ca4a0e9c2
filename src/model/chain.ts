/** The chain ids that go with the names that a definition may use (chainlist.org), by name. */
export const knownChains: ReadonlyMap<string, number> = new Map([
  ['ethereum', 1],
  ['optimism', 10],
  ['cronos', 25],
  ['rootstock', 30],
  ['xdc', 50],
  ['bsc', 56],
  ['gnosis', 100],
  ['unichain', 130],
  ['polygon', 137],
  ['sonic', 146],
  ['manta', 169],
  ['opbnb', 204],
  ['fantom', 250],
  ['fraxtal', 252],
  ['boba', 288],
  ['hedera', 295],
  ['zksync', 324],
  ['worldchain', 480],
  ['metis', 1088],
  ['polygon-zkevm', 1101],
  ['core', 1116],
  ['lisk', 1135],
  ['moonbeam', 1284],
  ['moonriver', 1285],
  ['sei', 1329],
  ['soneium', 1868],
  ['ronin', 2020],
  ['kava', 2222],
  ['abstract', 2741],
  ['mantle', 5000],
  ['base', 8453],
  ['mode', 34443],
  ['arbitrum', 42161],
  ['arbitrum-nova', 42170],
  ['celo', 42220],
  ['avalanche', 43114],
  ['ink', 57073],
  ['linea', 59144],
  ['berachain', 80094],
  ['blast', 81457],
  ['taiko', 167000],
  ['scroll', 534352],
  ['zora', 7777777],
  ['aurora', 1313161554],
  ['harmony', 1666600000],
  ['sepolia', 11155111],
  ['holesky', 17000],
  ['hoodi', 560048],
  ['bsc-testnet', 97],
  ['polygon-amoy', 80002],
  ['base-sepolia', 84532],
  ['arbitrum-sepolia', 421614],
  ['optimism-sepolia', 11155420],
]);

/** Returns the chain id that a name carries: a known one's, or that of the form `chain-<id>`; else undefined. */
export function chainIdOfName(name: string): number | undefined {
  const known = knownChains.get(name);
  if (known !== undefined) return known;
  const digits = /^chain-([1-9][0-9]{0,15})$/.exec(name)?.[1];
  const id = Number(digits);
  return Number.isSafeInteger(id) ? id : undefined;
}

const knownIds: ReadonlyMap<number, string> = new Map([...knownChains].map(([name, id]) => [id, name]));

/** Returns the name that carries a chain id: a known one, else `chain-<id>`. */
export function chainNameOf(id: number): string {
  return knownIds.get(id) ?? `chain-${id}`;
}
