import { hex, type Anvil } from './anvil.js';

/**
 * The code of a contract that answers every call as a token's `transfer(address to, uint256 value)` that always
 * succeeds. A third word in the calldata is the number of events to emit, whose values then count up from `value`.
 *
 *     6044 35           PUSH1 0x44 CALLDATALOAD      ; n
 *     80 15 01          DUP1 ISZERO ADD              ; n, or 1 for none
 *     6024 35           PUSH1 0x24 CALLDATALOAD      ; n value
 *     5b                JUMPDEST                     ; 9: emit Transfer(caller, to, value)
 *     80 5f 52          DUP1 PUSH0 MSTORE
 *     6004 35 33        PUSH1 4 CALLDATALOAD CALLER  ; n value to caller
 *     7f ddf2…          PUSH32 Transfer's topic
 *     6020 5f a3        PUSH1 32 PUSH0 LOG3          ; n value
 *     6001 01           PUSH1 1 ADD                  ; n value+1
 *     90 6001 90 03     SWAP1 PUSH1 1 SWAP1 SUB      ; value+1 n-1
 *     90 81             SWAP1 DUP2                   ; n-1 value+1 n-1
 *     6009 57           PUSH1 9 JUMPI
 *     6001 5f 52        PUSH1 1 PUSH0 MSTORE
 *     6020 5f f3        PUSH1 32 PUSH0 RETURN        ; true
 */
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
export const emitterCode =
  `604435` +
  `801501` +
  `602435` +
  `5b805f52` +
  `60043533` +
  `7f${transferTopic.slice(2)}` +
  `60205fa3` +
  `600101` +
  `90600190039081600957` +
  `60015f5260205ff3`;

/** PUSH1 length, DUP1, PUSH1 offset of the code, PUSH0 CODECOPY, PUSH0 RETURN. */
const creationCode = `0x60${(emitterCode.length / 2).toString(16).padStart(2, '0')}8060095f395ff3${emitterCode}`;

/** The emitter's ABI: what a pipeline needs to decode its events. */
export const transferAbi = [
  {
    type: 'event',
    name: 'Transfer',
    inputs: [
      { name: 'from', type: 'address', indexed: true },
      { name: 'to', type: 'address', indexed: true },
      { name: 'value', type: 'uint256', indexed: false },
    ],
  },
];

/** Deploys the emitter; returns its address in lower case. */
export async function deployTransferEmitter(anvil: Anvil): Promise<string> {
  const receipt = await anvil.receipt(await anvil.send({ data: creationCode }));
  return receipt.contractAddress!;
}

export interface Transfers {
  readonly value: number | bigint;
  /** How many events the one transaction emits, 8,000 at most: the first with `value`, each further with one more. */
  readonly count?: number;
  readonly to?: string;
}

/** Sends one transaction that emits Transfer events; returns its hash. */
export async function emitTransfers(anvil: Anvil, emitter: string, transfers: Transfers): Promise<string> {
  const words = [BigInt(transfers.to ?? '0xbeef'), BigInt(transfers.value), BigInt(transfers.count ?? 1)];
  const data = `0xa9059cbb${words.map((word) => word.toString(16).padStart(64, '0')).join('')}`;
  return await anvil.send({ to: emitter, data, gas: hex(2 ** 24) });
}

/** A log as the node gives it. */
export interface NodeLog {
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Asks the node for all that the emitter has emitted on the chain of the moment: the truth of a test. */
export async function emittedLogs(anvil: Anvil, emitter: string, fromBlock = 0): Promise<NodeLog[]> {
  return await anvil.rpc<NodeLog[]>('eth_getLogs', { address: emitter, fromBlock: hex(fromBlock), toBlock: 'latest' });
}
