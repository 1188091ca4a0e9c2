import type { AbiFragment, AbiParameter } from '../../model/pipeline.js';

const erc20 = [
  event('Transfer', 'address indexed from', 'address indexed to', 'uint256 value'),
  event('Approval', 'address indexed owner', 'address indexed spender', 'uint256 value'),
];

const erc721 = [
  event('Transfer', 'address indexed from', 'address indexed to', 'uint256 indexed tokenId'),
  event('Approval', 'address indexed owner', 'address indexed approved', 'uint256 indexed tokenId'),
  event('ApprovalForAll', 'address indexed owner', 'address indexed operator', 'bool approved'),
];

const transferOf1155 = ['address indexed operator', 'address indexed from', 'address indexed to'];

const erc1155 = [
  event('TransferSingle', ...transferOf1155, 'uint256 id', 'uint256 value'),
  event('TransferBatch', ...transferOf1155, 'uint256[] ids', 'uint256[] values'),
  event('ApprovalForAll', 'address indexed account', 'address indexed operator', 'bool approved'),
  event('URI', 'string value', 'uint256 indexed id'),
];

const amountsOfSwap = ['uint256 amount0In', 'uint256 amount1In', 'uint256 amount0Out', 'uint256 amount1Out'];

const uniswapV2Pair = [
  ...erc20,
  event('Mint', 'address indexed sender', 'uint256 amount0', 'uint256 amount1'),
  event('Burn', 'address indexed sender', 'uint256 amount0', 'uint256 amount1', 'address indexed to'),
  event('Swap', 'address indexed sender', ...amountsOfSwap, 'address indexed to'),
  event('Sync', 'uint112 reserve0', 'uint112 reserve1'),
];

const ticks = ['int24 indexed tickLower', 'int24 indexed tickUpper'];
const position = ['address indexed owner', ...ticks];
const amounts = ['uint256 amount0', 'uint256 amount1'];
const signedAmounts = ['int256 amount0', 'int256 amount1'];
const smallAmounts = ['uint128 amount0', 'uint128 amount1'];
const parties = ['address indexed sender', 'address indexed recipient'];

const uniswapV3Pool = [
  event('Initialize', 'uint160 sqrtPriceX96', 'int24 tick'),
  event('Mint', 'address sender', ...position, 'uint128 amount', ...amounts),
  event('Collect', 'address indexed owner', 'address recipient', ...ticks, ...smallAmounts),
  event('Burn', ...position, 'uint128 amount', ...amounts),
  event('Swap', ...parties, ...signedAmounts, 'uint160 sqrtPriceX96', 'uint128 liquidity', 'int24 tick'),
  event('Flash', ...parties, ...amounts, 'uint256 paid0', 'uint256 paid1'),
  event(
    'IncreaseObservationCardinalityNext',
    'uint16 observationCardinalityNextOld',
    'uint16 observationCardinalityNextNew',
  ),
  event(
    'SetFeeProtocol',
    'uint8 feeProtocol0Old',
    'uint8 feeProtocol1Old',
    'uint8 feeProtocol0New',
    'uint8 feeProtocol1New',
  ),
  event('CollectProtocol', ...parties, ...smallAmounts),
];

const abis: ReadonlyMap<string, readonly AbiFragment[]> = new Map([
  ['erc20', erc20],
  ['erc721', erc721],
  ['erc1155', erc1155],
  ['uniswap-v2-pair', uniswapV2Pair],
  ['uniswap-v3-pool', uniswapV3Pool],
]);

/** The names of the ABIs that come with chainparse. */
export const builtinAbiNames: readonly string[] = [...abis.keys()];

/** Returns an ABI that comes with chainparse: the events of a standard as its reference contracts name them. */
export function builtinAbi(name: string): readonly AbiFragment[] | undefined {
  return abis.get(name);
}

function event(name: string, ...inputs: string[]): AbiFragment {
  return { type: 'event', name, anonymous: false, inputs: inputs.map(parseInput) };
}

function parseInput(text: string): AbiParameter {
  const words = text.split(' ');
  return { name: words.at(-1) ?? '', type: words[0] ?? '', indexed: words.includes('indexed') };
}
