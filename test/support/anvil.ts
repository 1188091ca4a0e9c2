import { createRequire } from 'node:module';
import { Child } from './child.js';
import { eventually } from './within.js';

/** A block as far as tests look at it. */
export interface AnvilBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
}

export interface Receipt {
  readonly status: string;
  readonly blockNumber: string;
  readonly contractAddress: string | null;
}

export interface AnvilOptions {
  /** Mines a block every so many seconds; left out: one for each transaction. */
  readonly blockTimeSeconds?: number;
  /** Further options of the anvil program. */
  readonly args?: readonly string[];
}

/** A local EVM node in a process of its own, with accounts that hold money and sign for whoever asks. */
export class Anvil {
  readonly url: string;
  readonly process: Child;
  #id = 0;
  #minesAtOnce: boolean;
  #accounts: Promise<readonly string[]> | undefined;

  private constructor(process: Child, url: string, minesAtOnce: boolean) {
    this.process = process;
    this.#minesAtOnce = minesAtOnce;
    this.url = url;
  }

  /** Starts a node on a free port of 127.0.0.1; it is killed after the last test. */
  static async start(options: AnvilOptions = {}): Promise<Anvil> {
    const blockTime = options.blockTimeSeconds === undefined ? [] : ['--block-time', String(options.blockTimeSeconds)];
    const process = new Child(findAnvil(), ['--port', '0', ...blockTime, ...(options.args ?? [])]);
    const [, address] = await process.output(/Listening on (127\.0\.0\.1:\d+)/);
    return new Anvil(process, `http://${address}`, options.blockTimeSeconds === undefined);
  }

  /** Kills the node. */
  async stop(): Promise<void> {
    await this.process.kill();
  }

  /** Calls a method of the node; throws its error. */
  async rpc<T>(method: string, ...params: unknown[]): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params });
    const response = await fetch(this.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = (await response.json()) as { result: T; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  /** The number of the newest block. */
  async head(): Promise<number> {
    return Number(await this.rpc<string>('eth_blockNumber'));
  }

  async block(number: number): Promise<AnvilBlock> {
    const block = await this.rpc<{ hash: string; parentHash: string }>('eth_getBlockByNumber', hex(number), false);
    return { number, hash: block.hash, parentHash: block.parentHash };
  }

  /** Mines so many blocks at once. */
  async mine(blocks = 1): Promise<void> {
    await this.rpc('anvil_mine', hex(blocks));
  }

  /** Replaces the newest `depth` blocks by empty ones; their transactions are gone. */
  async reorg(depth: number): Promise<void> {
    await this.rpc('anvil_reorg', depth, []);
  }

  /** Drops the newest `depth` blocks without a replacement, so that another branch, longer or shorter, can be mined. */
  async rollback(depth: number): Promise<void> {
    await this.rpc('anvil_rollback', depth);
  }

  /** Remembers the state of the chain; returns what `revert` needs. */
  async snapshot(): Promise<string> {
    return await this.rpc<string>('evm_snapshot');
  }

  /** Goes back to a snapshot, which is used up by that. */
  async revert(snapshot: string): Promise<void> {
    await this.rpc('evm_revert', snapshot);
  }

  /** The first of the accounts that can send transactions. */
  async account(index = 0): Promise<string> {
    // They stay the same: asked for before each transaction they would be half of all requests.
    this.#accounts ??= this.rpc<readonly string[]>('eth_accounts');
    return (await this.#accounts)[index]!;
  }

  /** Mines a block for each transaction, as at the start, or only when `mine` is called. */
  async setAutomine(isOn: boolean): Promise<void> {
    await this.rpc('evm_setAutomine', isOn);
    this.#minesAtOnce = isOn;
  }

  /** Sends a transaction from the first account and returns its hash; it is mined by then, if it is mined at once. */
  async send(transaction: Readonly<Record<string, string>>): Promise<string> {
    const hash = await this.rpc<string>('eth_sendTransaction', { from: await this.account(), ...transaction });
    if (this.#minesAtOnce) await this.receipt(hash);
    return hash;
  }

  /** Waits until a transaction is mined; throws if it failed. */
  async receipt(hash: string): Promise<Receipt> {
    const ask = (): Promise<Receipt | null> => this.rpc('eth_getTransactionReceipt', hash);
    const receipt = await eventually(`transaction ${hash} is mined`, ask);
    if (receipt.status !== '0x1') throw new Error(`transaction ${hash} failed`);
    return receipt;
  }
}

/** The program itself, not npm's wrapper around it, which a SIGKILL would end without it. */
function findAnvil(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const wrapper = createRequire(import.meta.resolve('@foundry-rs/anvil/package.json'));
  return wrapper.resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
}

/** Writes a number as JSON-RPC wants it. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
