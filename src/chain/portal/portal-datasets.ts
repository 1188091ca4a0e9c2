/** What SQD Portal calls its data sets, by chain id (docs.sqd.dev, "EVM networks"). */
const datasets: ReadonlyMap<number, string> = new Map([
  [1, 'ethereum-mainnet'],
  [10, 'optimism-mainnet'],
  [30, 'rootstock-mainnet'],
  [50, 'xdc-mainnet'],
  [56, 'binance-mainnet'],
  [97, 'binance-testnet'],
  [100, 'gnosis-mainnet'],
  [130, 'unichain-mainnet'],
  [137, 'polygon-mainnet'],
  [146, 'sonic-mainnet'],
  [169, 'manta-pacific'],
  [204, 'opbnb-mainnet'],
  [250, 'fantom-mainnet'],
  [252, 'fraxtal-mainnet'],
  [288, 'boba-mainnet'],
  [324, 'zksync-mainnet'],
  [480, 'worldchain-mainnet'],
  [1088, 'metis-mainnet'],
  [1101, 'polygon-zkevm-mainnet'],
  [1116, 'core-mainnet'],
  [1135, 'lisk-mainnet'],
  [1284, 'moonbeam-mainnet'],
  [1285, 'moonriver-mainnet'],
  [1868, 'soneium-mainnet'],
  [2741, 'abstract-mainnet'],
  [5000, 'mantle-mainnet'],
  [8453, 'base-mainnet'],
  [17000, 'ethereum-holesky'],
  [34443, 'mode-mainnet'],
  [42161, 'arbitrum-one'],
  [42170, 'arbitrum-nova'],
  [42220, 'celo-mainnet'],
  [43114, 'avalanche-mainnet'],
  [57073, 'ink-mainnet'],
  [59144, 'linea-mainnet'],
  [80002, 'polygon-amoy-testnet'],
  [80094, 'berachain-mainnet'],
  [81457, 'blast-l2-mainnet'],
  [84532, 'base-sepolia'],
  [167000, 'taiko-mainnet'],
  [421614, 'arbitrum-sepolia'],
  [534352, 'scroll-mainnet'],
  [7777777, 'zora-mainnet'],
  [11155111, 'ethereum-sepolia'],
  [11155420, 'optimism-sepolia'],
]);

/** Returns what SQD Portal calls a chain; undefined where that is not known. */
export function datasetOfChain(chainId: number): string | undefined {
  return datasets.get(chainId);
}

/** Returns the id of the chain that SQD Portal calls so; undefined where that is not known. */
export function chainOfDataset(dataset: string): number | undefined {
  return [...datasets].find(([, name]) => name === dataset)?.[0];
}
