import { expect } from 'chai';
import { EventFragment, FunctionFragment } from 'ethers';
import { parseAbi } from '../../../src/chain/abi/abi.js';
import { builtinAbi, builtinAbiNames } from '../../../src/chain/abi/builtin-abis.js';

// As in OpenZeppelin's IERC*.sol, IUniswapV2Pair.sol and IUniswapV3PoolEvents.sol.
const reference: Readonly<Record<string, readonly string[]>> = {
  erc20: [
    'event Transfer(address indexed from, address indexed to, uint256 value)',
    'event Approval(address indexed owner, address indexed spender, uint256 value)',
  ],
  erc721: [
    'event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)',
    'event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)',
    'event ApprovalForAll(address indexed owner, address indexed operator, bool approved)',
  ],
  erc1155: [
    'event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)',
    'event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)',
    'event ApprovalForAll(address indexed account, address indexed operator, bool approved)',
    'event URI(string value, uint256 indexed id)',
  ],
  'uniswap-v2-pair': [
    'event Transfer(address indexed from, address indexed to, uint256 value)',
    'event Approval(address indexed owner, address indexed spender, uint256 value)',
    'event Mint(address indexed sender, uint256 amount0, uint256 amount1)',
    'event Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to)',
    'event Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)',
    'event Sync(uint112 reserve0, uint112 reserve1)',
  ],
  'uniswap-v3-pool': [
    'event Initialize(uint160 sqrtPriceX96, int24 tick)',
    'event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)',
    'event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1)',
    'event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)',
    'event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
    'event Flash(address indexed sender, address indexed recipient, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1)',
    'event IncreaseObservationCardinalityNext(uint16 observationCardinalityNextOld, uint16 observationCardinalityNextNew)',
    'event SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New)',
    'event CollectProtocol(address indexed sender, address indexed recipient, uint128 amount0, uint128 amount1)',
  ],
};

describe('the ABIs that come with chainparse', () => {
  it('are the five of the contract', () => {
    expect(builtinAbiNames).to.deep.equal(Object.keys(reference));
  });

  for (const [name, events] of Object.entries(reference)) {
    it(`hold the events of ${name} as its reference contract declares them`, () => {
      const abi = parseAbi(builtinAbi(name));
      expect(abi.map((event) => EventFragment.from(event).format('full'))).to.deep.equal(events);
    });
  }

  it('hold what can be asked of such contracts', () => {
    const signatures = (name: string): readonly string[] =>
      builtinAbi(name, 'function')!.map((each) => FunctionFragment.from(each).format('full'));
    expect(signatures('erc20')).to.deep.equal([
      'function name() view returns (string)',
      'function symbol() view returns (string)',
      'function decimals() view returns (uint8)',
      'function totalSupply() view returns (uint256)',
      'function balanceOf(address owner) view returns (uint256)',
      'function allowance(address owner, address spender) view returns (uint256)',
    ]);
    expect(signatures('uniswap-v2-pair')).to.include(
      'function getReserves() view returns (uint112 reserve0, uint112 reserve1, uint32 blockTimestampLast)',
    );
    expect(signatures('uniswap-v3-pool')).to.include('function liquidity() view returns (uint128)');
    for (const name of ['erc721', 'erc1155']) expect(signatures(name).length).to.be.greaterThan(1);
  });

  it('are none under another name', () => {
    expect(builtinAbi('erc777')).to.equal(undefined);
    expect(builtinAbi('constructor')).to.equal(undefined);
  });
});
