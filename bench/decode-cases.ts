import { Interface, getAddress, id, keccak256, toBeHex } from 'ethers';
import type { AbiParameter } from '../src/model/pipeline.js';
import type { RawLog } from '../src/model/event.js';
import { encodeLog, type EventAndLog } from '../test/chain/abi/arbitrary-event.js';
import { seededRandom } from '../test/support/seeded-random.js';

/** A kind of log, and as many logs of it as are asked for. */
export interface DecodeCase {
  readonly name: string;
  readonly event: EventAndLog['event'] & { readonly name: string };
  /** The values of a log; of an indexed argument that is hashed its hash. */
  readonly values: (position: number) => readonly unknown[];
}

const random = seededRandom(4);
const upTo = (limit: number): number => Math.floor(random() * limit);

const known = Array.from({ length: 20_000 }, (_, i) => addressOf(i));
/** A few addresses are in most logs, as on a chain: one in five logs holds one of the thousand that are met most. */
const someAddress = (): string => known[Math.floor(random() ** 2 * known.length)]!;
/** Of any size, as amounts are: most are wider than 53 bits. */
const amount = (): bigint => BigInt(1 + upTo(1_000_000)) * 10n ** BigInt(upTo(22));

function addressOf(position: number): string {
  return getAddress(keccak256(toBeHex(position, 32)).slice(0, 42));
}

function event(name: string, ...inputs: (string | AbiParameter)[]): DecodeCase['event'] {
  return { type: 'event', name, inputs: inputs.map(parameter) };
}

/** `uint256 indexed x` as a parameter. */
function parameter(input: string | AbiParameter): AbiParameter {
  if (typeof input !== 'string') return input;
  const words = input.split(' ');
  return { type: words[0]!, indexed: words[1] === 'indexed', name: words.at(-1)! };
}

const transfer = event('Transfer', 'address indexed from', 'address indexed to', 'uint256 value');

const swap = event(
  'Swap',
  'address indexed sender',
  'address indexed recipient',
  'int256 amount0',
  'int256 amount1',
  'uint160 sqrtPriceX96',
  'uint128 liquidity',
  'int24 tick',
);

const item = [
  { name: 'token', type: 'address' },
  { name: 'amount', type: 'uint256' },
  { name: 'kind', type: 'uint8' },
];

const order = event(
  'Order',
  'uint256 indexed number',
  'string note',
  'bytes payload',
  { name: 'items', type: 'tuple[]', components: item },
  'bytes32[] proof',
);

const named = event(
  'Named',
  'string indexed label',
  'address[] indexed owners',
  { name: 'item', type: 'tuple', components: item, indexed: true },
  'uint256 cost',
);

/** The logs that are decoded: static ones, and ones of every kind of argument that stands elsewhere. */
export const decodeCases: readonly DecodeCase[] = [
  { name: 'Transfer', event: transfer, values: () => [someAddress(), someAddress(), amount()] },
  {
    name: 'Transfer, each address new',
    event: transfer,
    values: (position) => [addressOf(100_000 + 2 * position), addressOf(100_001 + 2 * position), amount()],
  },
  {
    name: 'Uniswap V3 Swap',
    event: swap,
    values: () => [
      someAddress(),
      someAddress(),
      amount(),
      -amount(),
      1n << BigInt(96 + upTo(60)),
      amount(),
      -upTo(200_000),
    ],
  },
  {
    name: 'string, bytes, tuples, hashes',
    event: order,
    values: (position) => {
      const items = Array.from({ length: position % 4 }, () => [someAddress(), amount(), upTo(200)]);
      const proof = Array.from({ length: position % 6 }, (_, i) => id(`${position}.${i}`));
      return [position, `Order ${position}: "déjà vu"`, `0x${'ab'.repeat(upTo(90))}`, items, proof];
    },
  },
  {
    name: 'indexed string, array and tuple',
    event: named,
    values: (position) => [id(`label ${position}`), id('owners'), id(`item ${position}`), amount()],
  },
];

/** The answer of eth_getLogs that holds so many logs of a kind. */
export function answerOf(each: DecodeCase, count: number): string {
  const { event, values } = each;
  const { topicHash } = ethersOf(each).getEvent(event.name)!;
  const logs = Array.from({ length: count }, (_, position) => ({
    address: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
    ...encoded(event, topicHash, values(position)),
    blockNumber: toBeHex(18_000_000 + Math.floor(position / 100)),
    blockHash: id(`block ${Math.floor(position / 100)}`),
    transactionHash: id(`transaction ${position}`),
    transactionIndex: toBeHex(position % 100),
    logIndex: toBeHex(position % 100),
    removed: false,
  }));
  return JSON.stringify(logs);
}

function encoded(
  event: DecodeCase['event'],
  topic0: string,
  values: readonly unknown[],
): Pick<RawLog, 'topics' | 'data'> {
  const { indexedTopics, data } = encodeLog(event, values);
  return { topics: [topic0, ...indexedTopics], data };
}

/** The interface by which ethers reads a kind of log. */
export function ethersOf({ event }: DecodeCase): Interface {
  return Interface.from(JSON.stringify([event]));
}
