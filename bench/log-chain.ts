import { simContract, toHex } from '../test/support/simulated-chain.js';
import { hashOf, timeOf, transferAt } from './made-chain.js';

interface Refusal {
  readonly code: number;
  readonly message: string;
}

interface LogChainOptions {
  readonly blocks: number;
  readonly logsPerBlock: number;
  /** False: logs do not tell the times of their blocks. True where nothing is said. */
  readonly times?: boolean;
  /** Returns why the logs of so many blocks are not given; null where they are. */
  readonly refuse: (blocks: number) => Refusal | null;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Of one width whatever the value, so that a block's bytes are made of another's. */
const wide = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const comma = Buffer.from(',');
/** Blocks name their transactions, whoever asks for headers. */
const transactions = Array.from({ length: 10 }, (_, index) => hashOf(0x7a0000 + index));

/** A chain whose blocks hold so many transfers each, told as fast as text can be. */
export class LogChain {
  readonly #options: LogChainOptions;
  readonly #template: Buffer;
  /** Where in the template the values stand, in the order of `valuesOf`. */
  readonly #places: readonly (readonly number[])[];

  constructor(options: LogChainOptions) {
    this.#options = options;
    this.#template = this.#makeTemplate();
    this.#places = this.#valuesOf(0).map(([name, value]) => this.#findAll(`"${name}":"${value}`, name.length + 4));
  }

  /** Returns the answer to the text of a request: one call, or several. */
  answer(body: string): Buffer {
    const calls = JSON.parse(body) as Call | Call[];
    if (!Array.isArray(calls)) return this.#answerOne(calls);
    return Buffer.concat([
      Buffer.from('['),
      ...separated(calls.map((call) => this.#answerOne(call))),
      Buffer.from(']'),
    ]);
  }

  #answerOne(call: Call): Buffer {
    const found = this.#result(call);
    const head = `{"jsonrpc":"2.0","id":${call.id},`;
    if (!Array.isArray(found)) return Buffer.from(`${head}"error":${JSON.stringify(found)}}`);
    return Buffer.concat([Buffer.from(`${head}"result":`), ...found, Buffer.from('}')]);
  }

  #result({ method, params }: Call): Buffer[] | Refusal {
    const { blocks } = this.#options;
    if (method === 'eth_chainId') return [Buffer.from('"0x7a69"')];
    if (method === 'eth_blockNumber') return [Buffer.from(`"${toHex(blocks)}"`)];
    if (method === 'eth_getLogs') return this.#logs(params[0] as { fromBlock: string; toBlock: string });
    const tag = params[0] as string;
    return [Buffer.from(header(tag.startsWith('0x') ? Number(tag) : blocks))];
  }

  #logs({ fromBlock, toBlock }: { fromBlock: string; toBlock: string }): Buffer[] | Refusal {
    const [from, to] = [Math.max(1, Number(fromBlock)), Number(toBlock)];
    const refusal = this.#options.refuse(to - from + 1);
    if (refusal !== null) return refusal;
    const blocks = Array.from({ length: to - from + 1 }, (_, index) => this.#blockLogs(from + index));
    return [Buffer.from('['), ...separated(blocks), Buffer.from(']')];
  }

  #makeTemplate(): Buffer {
    const logs = Array.from({ length: this.#options.logsPerBlock }, (_, index) =>
      JSON.stringify({
        ...transferAt(0, index),
        ...Object.fromEntries(this.#valuesOf(0)),
        transactionHash: transferAt(0, index).transactionHash,
        transactionIndex: toHex(Math.floor(index / 2)),
        logIndex: toHex(index),
        removed: false,
      }),
    );
    return Buffer.from(logs.join(','));
  }

  /** What differs from block to block; the last six digits of a transaction's hash are its own. */
  #valuesOf(number: number): readonly (readonly [string, string])[] {
    const hash = hashOf(number);
    return [
      ['blockNumber', wide(number)],
      ['blockHash', hash],
      ...(this.#options.times === false ? [] : [['blockTimestamp', wide(timeOf(number))] as const]),
      ['transactionHash', `0x${hash.slice(8)}`],
    ];
  }

  #findAll(text: string, offset: number): readonly number[] {
    const found: number[] = [];
    const template = this.#template;
    for (let at = template.indexOf(text); at >= 0; at = template.indexOf(text, at + 1)) found.push(at + offset);
    return found;
  }

  #blockLogs(number: number): Buffer {
    const block = Buffer.from(this.#template);
    for (const [index, [, value]] of this.#valuesOf(number).entries()) {
      const bytes = Buffer.from(value);
      for (const at of this.#places[index] ?? []) block.set(bytes, at);
    }
    return block;
  }
}

function header(number: number): string {
  const block = { number: toHex(number), hash: hashOf(number), parentHash: hashOf(number - 1) };
  const rest = { timestamp: toHex(timeOf(number)), logsBloom: `0x${'ff'.repeat(256)}`, transactions };
  // ethers wants a whole header.
  const unused = {
    difficulty: '0x0',
    gasLimit: '0x0',
    gasUsed: '0x0',
    miner: simContract,
    extraData: '0x',
    nonce: `0x${'0'.repeat(16)}`,
  };
  return JSON.stringify({ ...block, ...rest, ...unused });
}

function separated(pieces: readonly Buffer[]): Buffer[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [comma, piece]));
}
