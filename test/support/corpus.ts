import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AbiFragment } from '../../src/model/pipeline.js';
import { projectRoot } from './processes.js';

/** The folder of recorded chain data, which is no part of the project and need not be there. */
export const corpusFolder = process.env['CHAINPARSE_CORPUS'] ?? join(projectRoot, '../shared/mainnet');

/** What must become of the log with the same index. */
export interface ExpectedEvent {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  /** EIP-55. */
  readonly address: string;
  /** Null where the log fits no event of the ABI; `reason` then says why. */
  readonly event: string | null;
  readonly signature?: string;
  /** An indexed string, bytes, array or tuple is its bare topic here. */
  readonly args: Readonly<Record<string, unknown>> | null;
  readonly reason?: string;
}

/** A log as the node sent it: numbers are 0x-hex, and fields may be missing. */
export interface RecordedLog {
  readonly address: string;
  readonly blockHash: string;
  readonly blockNumber: string;
  readonly blockTimestamp?: string;
  readonly data: string;
  readonly logIndex: string;
  readonly removed?: boolean;
  readonly topics: readonly string[];
  readonly transactionHash: string;
  readonly transactionIndex?: string;
}

/** A recorded case: logs, the ABI to read them with, and what must come out. */
export interface RecordedCase {
  readonly name: string;
  readonly chainId: number;
  readonly tags: readonly string[];
  readonly abi: readonly AbiFragment[];
  /** Instead of `abi` where addresses have ABIs of their own. */
  readonly contracts?: readonly { readonly address: string; readonly abi: readonly AbiFragment[] }[];
  /** Empty for any. */
  readonly addresses: readonly string[];
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly logs: readonly RecordedLog[];
  readonly expected: readonly ExpectedEvent[];
}

/** An RPC error as a provider really sent it. */
export interface RecordedRpcError {
  readonly id: string;
  readonly provider: string;
  readonly category: string;
  readonly httpStatus: number | null;
  readonly error: { readonly code?: number; readonly message?: string; readonly data?: unknown } | null;
  readonly rawBody?: string;
  /** What a log fetcher should do. */
  readonly action: string;
}

/** Declares a suite on the recorded data, given the names of all cases; pending where the data are not there. */
export function withCorpus(title: string, suite: (names: readonly string[]) => void): void {
  const cases = join(corpusFolder, 'cases');
  if (!existsSync(cases)) {
    it.skip(`${title}: no recorded data; set CHAINPARSE_CORPUS to their folder`); // they are not part of the project
    return;
  }
  const files = readdirSync(cases).filter((file) => file.endsWith('.json'));
  describe(title, () => suite(files.map((file) => file.slice(0, -'.json'.length)).sort()));
}

/** Reads one recorded case. */
export function readCase(name: string): RecordedCase {
  return JSON.parse(readFileSync(join(corpusFolder, 'cases', `${name}.json`), 'utf8')) as RecordedCase;
}

/** Reads the recorded RPC errors. */
export function readRpcErrors(): readonly RecordedRpcError[] {
  const file = JSON.parse(readFileSync(join(corpusFolder, 'rpc-errors.json'), 'utf8')) as {
    readonly errors: readonly RecordedRpcError[];
  };
  return file.errors;
}
