import { hex } from './anvil.js';
import type { Anvil } from './anvil.js';
import { emitterCode } from './transfer-emitter.js';

const transferTopic = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

/**
 * What makes a child: its constructor emits Transfer(caller, itself, 7), and leaves the code of a transfer emitter.
 *
 *     6007 5f 52        PUSH1 7 PUSH0 MSTORE
 *     30 33 7f ddf2…    ADDRESS CALLER PUSH32 Transfer's topic
 *     6020 5f a3        PUSH1 32 PUSH0 LOG3
 *     60 n 80 6034 5f 39 5f f3  PUSH1 length DUP1 PUSH1 52 PUSH0 CODECOPY PUSH0 RETURN
 */
const childCode = `60075f5230337f${transferTopic}60205fa360${byte(emitterCode.length / 2)}8060345f395ff3${emitterCode}`;

/**
 * The code of a factory: it makes as many children as the first word of the calldata says, and announces each by
 * Made(address indexed child, uint256 number), whose number is 1.
 *
 *     5f 35 5b                  PUSH0 CALLDATALOAD JUMPDEST         ; 2: n
 *     61 length 61 offset 5f 39 PUSH2 PUSH2 PUSH0 CODECOPY          ; the child's code behind this one
 *     61 length 5f 5f f0        PUSH2 PUSH0 PUSH0 CREATE            ; n child
 *     6001 5f 52                PUSH1 1 PUSH0 MSTORE
 *     7f … 6020 5f a2           PUSH32 Made's topic PUSH1 32 PUSH0 LOG2
 *     6001 90 03 80 6002 57 00  PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI STOP
 */
function factoryCode(topic: string): string {
  const length = word(childCode.length / 2);
  const parts = (offset: number): string =>
    `5f355b61${length}61${word(offset)}5f3961${length}5f5ff060015f527f${topic}60205fa2600190038060025700`;
  return `${parts(parts(0).length / 2)}${childCode}`;
}

/** Deploys a factory whose announcements have a first topic; returns its address in lower case. */
export async function deployFactory(anvil: Anvil, topic: string): Promise<string> {
  const code = factoryCode(topic.slice(2));
  // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN
  const receipt = await anvil.receipt(
    await anvil.send({ data: `0x61${word(code.length / 2)}80600a5f395ff3${code}`, gas: hex(2 ** 24) }),
  );
  return receipt.contractAddress!;
}

/** Has a factory make children in one transaction; returns its hash. */
export function makeChildren(anvil: Anvil, factory: string, count: number): Promise<string> {
  return anvil.send({ to: factory, data: `0x${count.toString(16).padStart(64, '0')}`, gas: hex(2 ** 24) });
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function word(value: number): string {
  return value.toString(16).padStart(4, '0');
}
