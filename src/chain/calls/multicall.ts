import type { ContractCall } from './contract-call.js';

/** Where Multicall3 is on nearly every chain: its deployment is one signed transaction that anybody may send. */
export const multicallAddress = '0xca11bde05977b3631167028862be2a173976ca11';

/** Calls that one call of Multicall3 holds at most, and at least to be worth it. */
export const mostTogether = 100;
export const leastTogether = 3;

/** What a contract answered inside of Multicall3; null: it gave up, or had too little gas left. */
export type InnerAnswer = { readonly data: string } | null;

/** Writes and reads calls of Multicall3. */
export class Multicall {
  readonly #encode: (calls: readonly ContractCall[]) => string;
  readonly #decode: (data: string) => readonly (readonly [success: boolean, data: string])[];

  private constructor(encode: Multicall['write'], decode: (data: string) => readonly (readonly [boolean, string])[]) {
    this.#encode = encode;
    this.#decode = decode;
  }

  /** Loads what encodes. */
  static async load(): Promise<Multicall> {
    const { Interface } = await import('ethers/abi');
    const contract = new Interface([
      'function aggregate3(tuple(address target, bool allowFailure, bytes callData)[]) returns (tuple(bool, bytes)[])',
    ]);
    return new Multicall(
      (calls) => contract.encodeFunctionData('aggregate3', [calls.map(({ target, data }) => [target, true, data])]),
      (data) => contract.decodeFunctionResult('aggregate3', data)[0] as readonly (readonly [boolean, string])[],
    );
  }

  /** Returns the data of one call that makes them all, each of which may fail. */
  write(calls: readonly ContractCall[]): string {
    return this.#encode(calls);
  }

  /** Returns what each gave; null where that is no answer of Multicall3 for so many calls. */
  read(data: string, count: number): readonly InnerAnswer[] | null {
    try {
      const answers = this.#decode(data).map(([success, each]) => (success ? { data: each.toLowerCase() } : null));
      return answers.length === count ? answers : null;
    } catch {
      return null;
    }
  }
}
