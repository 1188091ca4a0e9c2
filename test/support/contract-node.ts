import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Interface } from 'ethers';
import { SimRefusal } from './simulated-node.js';
import type { SimError } from './simulated-node.js';

/** What a contract answers to the data of a call at a block; null: it gives up. */
export type Contract = (data: string, block: number) => string | null;

/** A call of a contract as the node was asked for it. */
export interface AskedCall {
  /** As it was written: a tag, a number, or a hash. */
  readonly block: string;
  readonly to: string;
  readonly data: string;
}

const multicall = new Interface(['function aggregate3(tuple(address, bool, bytes)[]) returns (tuple(bool, bytes)[])']);
const multicallAddress = '0xca11bde05977b3631167028862be2a173976ca11';

/** A node whose contracts are functions, and which knows blocks by their hashes. */
export class ContractNode {
  readonly contracts = new Map<string, Contract>();
  /** `hash(n)` of blocks 0 to `head`, unless another one is put here. */
  readonly hashes = new Map<number, string>();
  readonly asked: AskedCall[] = [];
  readonly methods: string[] = [];
  requests = 0;
  head = 100;
  /** Blocks (EIP-1898) named by their hashes are understood, refused, or passed over. */
  hashesAre: 'understood' | 'refused' | 'ignored' = 'understood';
  /** Older states are gone. */
  statesFrom = 0;
  /** Multicall3 is there from this block on. */
  multicallFrom = Infinity;
  /** Arrays of more calls are refused. */
  mostTogether = Infinity;
  /** Answers of more calls of contracts are too large. */
  mostAnswered = Infinity;
  /** Fails the next calls of contracts so. */
  failures: SimError[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ContractNode> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(node.#answerAll(JSON.parse(Buffer.concat(chunks).toString()))));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const node = new ContractNode(server);
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The hash of the block of a number, as long as it was not replaced. */
  static hash(number: number): string {
    return `0x${'b'.repeat(58)}${String(number).padStart(6, '0')}`;
  }

  hashOf(number: number): string {
    return this.hashes.get(number) ?? ContractNode.hash(number);
  }

  #answerAll(body: unknown): unknown {
    this.requests += 1;
    const calls = Array.isArray(body) ? (body as Call[]) : [];
    if (calls.length > this.mostTogether) return refusal(-32600, 'batch requests are not supported');
    const isTooLarge = calls.filter(({ method }) => method === 'eth_call').length > this.mostAnswered;
    if (isTooLarge) return refusal(-32003, 'response too large');
    return Array.isArray(body) ? body.map((call) => this.#answer(call as Call)) : this.#answer(body as Call);
  }

  #answer({ id, method, params }: Call): object {
    this.methods.push(method);
    try {
      return { jsonrpc: '2.0', id, result: this.#result(method, params) };
    } catch (error) {
      if (!(error instanceof SimRefusal)) throw error;
      return { jsonrpc: '2.0', id, error: error.error };
    }
  }

  #result(method: string, params: readonly unknown[]): unknown {
    const [first, at] = params as [never, unknown];
    if (method === 'eth_chainId') return '0x1';
    if (method === 'eth_getBlockByNumber') return this.#header(first);
    if (method === 'eth_getBalance') return `0x${this.#blockOf(at)}`;
    if (method === 'eth_getCode') return this.#blockOf(at) >= this.multicallFrom ? '0x60' : '0x';
    if (method === 'eth_call') return this.#call(first, at);
    throw new SimRefusal({ code: -32601, message: `the method ${method} does not exist/is not available` });
  }

  #header(tag: string): unknown {
    const number = tag === 'latest' ? this.head : Number(tag);
    if (number > this.head) return null;
    const hash = this.hashOf(number);
    return { number: `0x${number.toString(16)}`, hash, parentHash: hash, timestamp: '0x1', logsBloom: null };
  }

  #blockOf(at: unknown): number {
    if (at === 'latest') return this.head;
    if (typeof at === 'string') return Number(at);
    if (this.hashesAre === 'refused')
      throw new SimRefusal({ code: -32602, message: 'invalid argument 1: hex string expected' });
    if (this.hashesAre === 'ignored') return this.head;
    const { blockHash } = at as { blockHash: string };
    for (let number = this.head; number >= 0; number--) if (this.hashOf(number) === blockHash) return number;
    throw new SimRefusal({ code: -32000, message: 'header not found' });
  }

  #call({ to, data }: { to: string; data: string }, at: unknown): string {
    const block = typeof at === 'string' ? at : (at as { blockHash: string }).blockHash;
    this.asked.push({ block, to, data });
    const failure = this.failures.shift();
    if (failure !== undefined) throw new SimRefusal(failure);
    const number = this.#blockOf(at);
    if (number < this.statesFrom)
      throw new SimRefusal({ code: -32000, message: 'missing trie node 9eeb6e (path ) <nil>' });
    const answer = this.#run(to, data, number);
    if (answer === null)
      throw new SimRefusal({ code: 3, message: 'execution reverted: rate limit exceeded', data: '0x' });
    return answer;
  }

  #run(to: string, data: string, block: number): string | null {
    if (to === multicallAddress && block >= this.multicallFrom) return this.#runAll(data, block);
    return this.contracts.has(to) ? this.contracts.get(to)!(data, block) : '0x';
  }

  #runAll(data: string, block: number): string {
    const [calls] = multicall.decodeFunctionData('aggregate3', data) as unknown as [[string, boolean, string][]];
    const answers = calls.map(([target, , each]) => this.#run(target.toLowerCase(), each, block));
    return multicall.encodeFunctionResult('aggregate3', [answers.map((each) => [each !== null, each ?? '0x'])]);
  }
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

function refusal(code: number, message: string): object {
  return { jsonrpc: '2.0', id: null, error: { code, message } };
}
