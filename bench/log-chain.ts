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

const comma = Buffer.from(',');
/** Blocks name their transactions, whoever asks for headers. */
const transactions = Array.from({ length: 10 }, (_, index) => hashOf(0x7a0000 + index));

type Values = readonly (readonly [name: string, value: string])[];

/** The logs of a block, of which others' are made. */
interface Template {
  readonly bytes: Buffer;
  /** Where in the bytes the values stand, in the order of `valuesOf`. */
  readonly places: readonly (readonly number[])[];
}

/** A chain whose blocks hold so many transfers each, told as fast as text can be. */
export class LogChain {
  readonly #options: LogChainOptions;
  /** By the digits of a block's number: blocks whose numbers are equally long have bytes that are, too. */
  readonly #templates = new Map<number, Template>();

  constructor(options: LogChainOptions) {
    this.#options = options;
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

  #templateFor(number: number): Template {
    const { length } = toHex(number);
    const known = this.#templates.get(length);
    if (known !== undefined) return known;
    const values = this.#valuesOf(number);
    const bytes = this.#logsOf(number, values);
    const places = values.map(([name, value]) => findAll(bytes, `"${name}":"${value}`, name.length + 4));
    this.#templates.set(length, { bytes, places });
    return { bytes, places };
  }

  #logsOf(number: number, values: Values): Buffer {
    const logs = Array.from({ length: this.#options.logsPerBlock }, (_, index) =>
      JSON.stringify({
        ...transferAt(number, index),
        ...Object.fromEntries(values),
        transactionHash: transferAt(number, index).transactionHash,
        transactionIndex: toHex(Math.floor(index / 2)),
        logIndex: toHex(index),
        removed: false,
      }),
    );
    return Buffer.from(logs.join(','));
  }

  /** What differs from block to block; the last six digits of a transaction's hash are its own. */
  #valuesOf(number: number): Values {
    const hash = hashOf(number);
    return [
      ['blockNumber', toHex(number)],
      ['blockHash', hash],
      ...(this.#options.times === false ? [] : [['blockTimestamp', toHex(timeOf(number))] as const]),
      ['transactionHash', `0x${hash.slice(8)}`],
    ];
  }

  #blockLogs(number: number): Buffer {
    const template = this.#templateFor(number);
    const block = Buffer.from(template.bytes);
    for (const [index, [, value]] of this.#valuesOf(number).entries()) {
      const bytes = Buffer.from(value);
      for (const at of template.places[index] ?? []) block.set(bytes, at);
    }
    return block;
  }
}

function findAll(bytes: Buffer, text: string, offset: number): readonly number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found.push(at + offset);
  return found;
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
