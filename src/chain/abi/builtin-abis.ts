import type { AbiUse } from './abi.js';
import type { AbiFragment, AbiParameter } from '../../model/pipeline.js';

const erc20 = [
  ...view('name() string', 'symbol() string', 'decimals() uint8', 'totalSupply() uint256'),
  ...view('balanceOf(address owner) uint256', 'allowance(address owner, address spender) uint256'),
  event('Transfer', 'address indexed from', 'address indexed to', 'uint256 value'),
  event('Approval', 'address indexed owner', 'address indexed spender', 'uint256 value'),
];

const erc721 = [
  ...view('name() string', 'symbol() string', 'tokenURI(uint256 tokenId) string', 'ownerOf(uint256 tokenId) address'),
  ...view('balanceOf(address owner) uint256', 'getApproved(uint256 tokenId) address'),
  event('Transfer', 'address indexed from', 'address indexed to', 'uint256 indexed tokenId'),
  event('Approval', 'address indexed owner', 'address indexed approved', 'uint256 indexed tokenId'),
  event('ApprovalForAll', 'address indexed owner', 'address indexed operator', 'bool approved'),
];

const transferOf1155 = ['address indexed operator', 'address indexed from', 'address indexed to'];

const erc1155 = [
  ...view('uri(uint256 id) string', 'balanceOf(address account, uint256 id) uint256'),
  event('TransferSingle', ...transferOf1155, 'uint256 id', 'uint256 value'),
  event('TransferBatch', ...transferOf1155, 'uint256[] ids', 'uint256[] values'),
  event('ApprovalForAll', 'address indexed account', 'address indexed operator', 'bool approved'),
  event('URI', 'string value', 'uint256 indexed id'),
];

const amountsOfSwap = ['uint256 amount0In', 'uint256 amount1In', 'uint256 amount0Out', 'uint256 amount1Out'];

const uniswapV2Pair = [
  ...erc20,
  ...view('factory() address', 'token0() address', 'token1() address'),
  ...view('getReserves() uint112 reserve0, uint112 reserve1, uint32 blockTimestampLast'),
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

const slot0 = 'uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality';

const uniswapV3Pool = [
  ...view('factory() address', 'token0() address', 'token1() address', 'fee() uint24', 'tickSpacing() int24'),
  ...view(
    'liquidity() uint128',
    `slot0() ${slot0}, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked`,
  ),
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

const byUse = { event: partsOf('event'), function: partsOf('function') };

function partsOf(use: AbiUse): ReadonlyMap<string, readonly AbiFragment[]> {
  return new Map([...abis].map(([name, abi]) => [name, abi.filter(({ type }) => type === use)]));
}

/** Returns what an ABI that comes with chainparse has for a use: a standard's events, or what can be asked, as its reference contracts name them. */
export function builtinAbi(name: string, use: AbiUse = 'event'): readonly AbiFragment[] | undefined {
  return byUse[use].get(name);
}

function event(name: string, ...inputs: string[]): AbiFragment {
  return { type: 'event', name, anonymous: false, inputs: inputs.map(parseInput) };
}

/** Reads functions such as `balanceOf(address owner) uint256`, which change nothing. */
function view(...signatures: string[]): AbiFragment[] {
  return signatures.map((signature) => {
    const [, name = '', inputs = '', outputs = ''] = /^(\w+)\((.*?)\) (.*)$/.exec(signature) ?? [];
    return { type: 'function', name, stateMutability: 'view', inputs: parseList(inputs), outputs: parseList(outputs) };
  });
}

function parseList(text: string): AbiParameter[] {
  return text.split(', ').flatMap((part) => {
    const [type = '', name = ''] = part.split(' ');
    return type === '' ? [] : [{ name, type }];
  });
}

function parseInput(text: string): AbiParameter {
  const words = text.split(' ');
  return { name: words.at(-1) ?? '', type: words[0] ?? '', indexed: words.includes('indexed') };
}
