import { simContract, toHex, transferTopic } from '../../test/support/simulated-chain.js';
import { LogChain } from '../log-chain.js';
import { hashOf, timeOf, transferAt } from '../made-chain.js';

/** How much the node gives at once. */
export interface PeerChainTraits {
  readonly blocks: number;
  readonly logsPerBlock: number;
  /** The most blocks of a request for logs; 0: as many as have 10,000 logs. */
  readonly maxBlocks: number;
}

/** The most logs of an answer: some 7 MB. */
const maxLogs = 10_000;

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

const firstHash = BigInt(hashOf(0));
/** Two transfers share a transaction. */
const logsPerTransaction = 2;

/**
 * A LogChain with whole blocks, as standard nodes have them: other programs ask for the transactions of logs and compare them.
 * Logs don't tell the times of their blocks.
 */
export class PeerChain {
  readonly #chain: LogChain;
  readonly #traits: PeerChainTraits;

  constructor(traits: PeerChainTraits) {
    this.#traits = traits;
    this.#chain = new LogChain({ ...traits, times: false, refuse: (count) => this.#refuse(count) });
  }

  /** Returns the answer to one call. */
  answer(call: Call): Buffer {
    const { method, params = [] } = call;
    if (method === 'eth_getBlockByNumber') return reply(call, this.#block(numberOf(params[0]), params[1] === true));
    if (method === 'eth_getBlockByHash') {
      return reply(call, this.#block(Number(BigInt(params[0] as string) - firstHash), params[1] === true));
    }
    if (method === 'net_version') return reply(call, '31337');
    if (['eth_chainId', 'eth_blockNumber', 'eth_getLogs'].includes(method)) {
      return this.#chain.answer(JSON.stringify(call));
    }
    const error = { code: -32601, message: `the method ${method} does not exist/is not available` };
    return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: call.id, error }));
  }

  /** In the words of two providers, which every program here understands. */
  #refuse(count: number): { code: number; message: string } | null {
    const { maxBlocks, logsPerBlock } = this.#traits;
    if (maxBlocks > 0 && count > maxBlocks) {
      return { code: -32600, message: `You can make eth_getLogs requests with up to a ${maxBlocks} block range.` };
    }
    if (count * logsPerBlock <= maxLogs) return null;
    return { code: -32005, message: 'query returned more than 10000 results' };
  }

  #block(tag: number | null, isWhole: boolean): unknown {
    const number = tag ?? this.#traits.blocks;
    if (number > this.#traits.blocks) return null;
    const hash = hashOf(number);
    const count = number === 0 ? 0 : Math.ceil(this.#traits.logsPerBlock / logsPerTransaction);
    const transactions = Array.from({ length: count }, (_none, index) => {
      const own = transferAt(number, index * logsPerTransaction).transactionHash;
      return isWhole ? transactionOf(number, hash, index, own) : own;
    });
    const logsBloom = `0x${(number === 0 ? '00' : 'ff').repeat(256)}`;
    const own = { number: toHex(number), hash, parentHash: hashOf(number - 1), timestamp: toHex(timeOf(number)) };
    return { ...own, logsBloom, transactions, ...usual };
  }
}

function numberOf(tag: unknown): number | null {
  return typeof tag === 'string' && tag.startsWith('0x') ? Number(tag) : null;
}

function reply({ id }: Call, result: unknown): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result }));
}

const zeroHash = `0x${'0'.repeat(64)}`;
/** What a block's header holds beside what is its own. */
const usual = {
  ...{ nonce: `0x${'0'.repeat(16)}`, sha3Uncles: zeroHash, transactionsRoot: zeroHash, stateRoot: zeroHash },
  ...{ receiptsRoot: zeroHash, mixHash: zeroHash, miner: simContract, difficulty: '0x0', totalDifficulty: '0x0' },
  ...{ extraData: '0x', size: '0x3e8', gasLimit: '0x1c9c380', gasUsed: '0x5208', baseFeePerGas: '0x7', uncles: [] },
};

/** A call of `transfer(address,uint256)`. */
function transactionOf(number: number, blockHash: string, index: number, hash: string): object {
  const { topics, data } = transferAt(number, index * logsPerTransaction);
  const input = `0xa9059cbb${(topics[2] ?? transferTopic).slice(2)}${data.slice(2)}`;
  return {
    ...{ blockHash, blockNumber: toHex(number), hash, transactionIndex: toHex(index), type: '0x2', chainId: '0x7a69' },
    ...{
      from: `0x${(topics[1] ?? transferTopic).slice(26)}`,
      to: simContract,
      value: '0x0',
      input,
      nonce: toHex(index),
    },
    ...{ gas: '0xfde8', gasPrice: '0x3b9aca00', maxFeePerGas: '0x3b9aca00', maxPriorityFeePerGas: '0x1' },
    ...{ accessList: [], v: '0x0', yParity: '0x0', r: hash, s: hash },
  };
}
