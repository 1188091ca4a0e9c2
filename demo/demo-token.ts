import { Interface } from 'ethers/abi';
import { RuntimeFailure } from '../src/runtime/errors.js';
import type { DemoNode } from './demo-node.js';
import { erc20Abi, erc20CreationCode } from './erc20-code.js';

/** One transfer of the token, as the demo sent it or as it was exported. Addresses and hash are in lower case. */
export interface DemoTransfer {
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly from: string;
  readonly to: string;
  /** In units of 10^-18 token, decimal. */
  readonly value: string;
}

const contract = new Interface(erc20Abi);
const noAccount = `0x${'0'.repeat(40)}`;
const unit = 10n ** 18n;

/** How many tokens the constructor hands to the first account. */
export const supplyTokens = 1_000_000n;

/** A real ERC-20 on the demo's node, and every transfer of it that the chain holds. */
export class DemoToken {
  readonly address: string;
  readonly accounts: readonly string[];
  readonly #node: DemoNode;
  readonly #sent: DemoTransfer[];

  private constructor(node: DemoNode, address: string, accounts: readonly string[], mint: DemoTransfer) {
    this.#node = node;
    this.address = address;
    this.accounts = accounts;
    this.#sent = [mint];
  }

  /** Deploys the token; its constructor's mint is its first transfer. */
  static async deploy(node: DemoNode): Promise<DemoToken> {
    const accounts = await node.accounts();
    const [owner = noAccount] = accounts;
    const value = supplyTokens * unit;
    const words = contract.encodeDeploy(['Demo Token', 'DEMO', value, owner]).slice(2);
    const receipt = await node.send({ from: owner, data: erc20CreationCode + words });
    const { contractAddress: address, transactionHash } = receipt;
    if (address === null) throw new RuntimeFailure('the node made no contract');
    const mint = { transactionHash, blockNumber: Number(receipt.blockNumber), from: noAccount, to: owner };
    return new DemoToken(node, address, accounts, { ...mint, value: value.toString() });
  }

  /** Every transfer that the chain holds, in its order. */
  get sent(): readonly DemoTransfer[] {
    return this.#sent;
  }

  /** Sends whole tokens from one of the node's accounts to another, in a block of their own. */
  async transfer(fromIndex: number, toIndex: number, tokens: bigint): Promise<DemoTransfer> {
    const [from = noAccount, to = noAccount] = [this.accounts[fromIndex], this.accounts[toIndex]];
    const value = tokens * unit;
    const data = contract.encodeFunctionData('transfer', [to, value]);
    const { transactionHash, blockNumber } = await this.#node.send({ from, to: this.address, data });
    const transfer = { transactionHash, blockNumber: Number(blockNumber), from, to, value: value.toString() };
    this.#sent.push(transfer);
    return transfer;
  }

  /** Lets the node replace the newest blocks by empty ones; returns the transfers that are gone with them. */
  async reorganise(depth: number): Promise<readonly DemoTransfer[]> {
    await this.#node.reorganise(depth);
    return this.#sent.splice(-depth);
  }

  /** Asks the contract what an account holds. */
  async balanceOf(account: string): Promise<bigint> {
    const data = contract.encodeFunctionData('balanceOf', [account]);
    return BigInt(await this.#node.call<string>('eth_call', { to: this.address, data }, 'latest'));
  }
}

/** Says whether two lists hold the same transfers in the same order, none twice. */
export function sameTransfers(some: readonly DemoTransfer[], others: readonly DemoTransfer[]): boolean {
  const texts = some.map(textOf);
  return new Set(texts).size === texts.length && texts.join('\n') === others.map(textOf).join('\n');
}

function textOf({ transactionHash, blockNumber, from, to, value }: DemoTransfer): string {
  return [transactionHash, blockNumber, from, to, value].join(' ');
}

/** Returns what each account holds after some transfers, by address. */
export function balancesAfter(transfers: readonly DemoTransfer[]): ReadonlyMap<string, bigint> {
  const balances = new Map<string, bigint>();
  const add = (account: string, value: bigint): unknown => balances.set(account, (balances.get(account) ?? 0n) + value);
  for (const { from, to, value } of transfers) {
    if (from !== noAccount) add(from, -BigInt(value));
    add(to, BigInt(value));
  }
  return balances;
}

/** Describes a transfer in a few words. */
export function describeTransfer({ blockNumber, from, to, value }: DemoTransfer): string {
  return `block ${blockNumber}: ${shorten(from)} -> ${shorten(to)}  ${(BigInt(value) / unit).toString()} DEMO`;
}

/** Shortens an address to its two ends. */
export function shorten(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}
