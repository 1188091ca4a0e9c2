import { expect } from 'chai';
import type { SourceContext } from '../../src/components/seam/source.js';
import type { EarlierBatch, EventBatch, RollbackMessage, SourceMessage } from '../../src/model/batch.js';
import type { BlockRef } from '../../src/model/block.js';
import type { Checkpoint } from '../../src/model/checkpoint.js';
import type { ChainEvent, UndecodedLog } from '../../src/model/event.js';
import type { KnownChildren } from '../../src/model/factory-child.js';
import { ChildLedger } from './child-ledger.js';

type Row = ChainEvent | UndecodedLog;

const emptyCheckpoint: Checkpoint = {
  pipelineId: 1,
  taskId: 1,
  chainId: null,
  startBlock: null,
  blockNumber: null,
  blockHash: null,
  version: 0,
};

/** Stores what a source sends, as the database does, and complains about every message that does not fit. */
export class MessageLedger {
  checkpoint = emptyCheckpoint;
  recentBlocks: BlockRef[] = [];
  rows: Row[] = [];
  readonly rollbacks: RollbackMessage[] = [];
  readonly children = new ChildLedger();
  readonly #chainId: number;
  /** Set to allow the next batch to begin anywhere, as a run with `--fresh` or `--from-block` does. */
  mayJump = true;
  /** Set to allow batches to hold stored rows anew, as such a run does. */
  mayRepeat = false;

  constructor(chainId = 31_337) {
    this.#chainId = chainId;
  }

  apply(message: SourceMessage): void {
    if (message.kind === 'events') this.#append(message);
    else if (message.kind === 'children') this.children.keep(message);
    else if (message.kind === 'earlier') this.#appendEarlier(message);
    else this.#takeBack(message);
  }

  /** Goes back to a block whose hash nobody knows, as a rewind does where no node can be asked. */
  rewind(number: number): void {
    const gone = this.children.takeAbove(number);
    this.rows = this.rows.filter((row) => row.blockNumber <= number && !gone.has(row.contractAddress.toLowerCase()));
    this.recentBlocks = [];
    const version = this.checkpoint.version + 1;
    this.checkpoint = { ...this.checkpoint, blockNumber: number, blockHash: null, version };
  }

  /** What a run that starts now is given. */
  state(): Pick<SourceContext, 'checkpoint' | 'recentBlocks' | 'storedBlock' | 'knownChildren'> {
    const newest = (atMost: number): BlockRef | null => {
      const row = this.rows.findLast(({ blockNumber }) => blockNumber <= atMost);
      return row === undefined ? null : { number: row.blockNumber, hash: row.blockHash };
    };
    const storedBlock = (atMost: number): Promise<BlockRef | null> => Promise.resolve(newest(atMost));
    const knownChildren = (): Promise<KnownChildren | null> => Promise.resolve(this.children.known);
    return { checkpoint: this.checkpoint, recentBlocks: this.recentBlocks, storedBlock, knownChildren };
  }

  /** The stored events as `block hash:log index`, in their order. */
  get ids(): string[] {
    return this.rows.map(({ blockHash, logIndex }) => `${blockHash}:${logIndex}`);
  }

  #append(batch: EventBatch): void {
    const { fromBlock, toBlock, toHash } = batch;
    const { blockNumber, startBlock } = this.checkpoint;
    const jumps = blockNumber === null || fromBlock !== blockNumber + 1;
    if (jumps) expect(this.mayJump, `block ${fromBlock} follows block ${blockNumber ?? '?'}`).to.equal(true);
    this.mayJump = false;
    expect(toBlock).to.be.at.least(fromBlock);
    const rows = [...batch.events, ...batch.undecoded].sort(byPosition);
    for (const row of rows) checkRow(row, batch);
    this.#checkRecent(batch);
    const kept = this.rows.filter((row) => row.blockNumber < fromBlock || row.blockNumber > toBlock);
    expect(this.mayRepeat || kept.length === this.rows.length, 'a batch repeats no stored rows').to.equal(true);
    this.rows = [...kept, ...rows].sort(byPosition);
    expect(new Set(this.rows.map(idOf)).size, 'every event is stored once').to.equal(this.rows.length);
    this.recentBlocks = [...(jumps ? [] : this.recentBlocks), ...batch.recentBlocks].filter(
      (block) => block.number > batch.finalizedBlock,
    );
    this.#moveTo({ number: toBlock, hash: toHash }, jumps ? fromBlock : startBlock);
    if (batch.found !== undefined) this.children.keep(batch.found);
    this.children.noteEarly(batch.early ?? []);
  }

  #appendEarlier({ fromBlock, toBlock, addresses, events, undecoded, early }: EarlierBatch): void {
    expect(toBlock, 'earlier blocks lie behind').to.be.at.most(this.checkpoint.blockNumber ?? -1);
    const isOwn = (row: Row): boolean => addresses.includes(row.contractAddress.toLowerCase());
    const isReplaced = (row: Row): boolean => isOwn(row) && row.blockNumber >= fromBlock && row.blockNumber <= toBlock;
    const rows = [...events, ...undecoded];
    for (const row of rows) expect(isReplaced(row), 'a row is of the blocks and contracts told').to.equal(true);
    this.rows = [...this.rows.filter((row) => !isReplaced(row)), ...rows].sort(byPosition);
    this.children.noteEarly(early);
    this.children.noteRead(toBlock);
    this.checkpoint = { ...this.checkpoint, version: this.checkpoint.version + 1 };
  }

  #checkRecent({ fromBlock, toBlock, toHash, recentBlocks, finalizedBlock }: EventBatch): void {
    const first = Math.max(fromBlock, finalizedBlock + 1);
    const expected = Array.from({ length: Math.max(0, toBlock - first + 1) }, (_item, index) => first + index);
    expect(recentBlocks.map((block) => block.number)).to.deep.equal(expected);
    if (expected.length > 0) expect(recentBlocks.at(-1)?.hash).to.equal(toHash);
  }

  #takeBack(message: RollbackMessage): void {
    const { ancestor } = message;
    const { blockNumber, startBlock } = this.checkpoint;
    expect(ancestor.number, 'a rollback goes back').to.be.at.most(blockNumber ?? -1);
    const held = this.recentBlocks.find((block) => block.number === ancestor.number);
    if (held === undefined) expect(ancestor.number, 'the ancestor is remembered').to.equal((startBlock ?? 0) - 1);
    else expect(ancestor.hash).to.equal(held.hash);
    const gone = this.children.takeAbove(message.childrenUpTo ?? ancestor.number);
    const stays = ({ blockNumber, contractAddress }: Row): boolean =>
      blockNumber < (message.childRowsFrom ?? 0) || !gone.has(contractAddress.toLowerCase());
    this.rows = this.rows.filter((row) => row.blockNumber <= ancestor.number && stays(row));
    this.recentBlocks = this.recentBlocks.filter((block) => block.number <= ancestor.number);
    this.rollbacks.push(message);
    this.#moveTo(ancestor, startBlock);
  }

  #moveTo({ number: blockNumber, hash: blockHash }: BlockRef, startBlock: number | null): void {
    const version = this.checkpoint.version + 1;
    this.checkpoint = { ...this.checkpoint, chainId: this.#chainId, startBlock, blockNumber, blockHash, version };
  }
}

function checkRow(row: Row, { fromBlock, toBlock, toHash, recentBlocks }: EventBatch): void {
  expect(row.blockNumber).to.be.within(fromBlock, toBlock);
  const block = recentBlocks.find((candidate) => candidate.number === row.blockNumber);
  if (block !== undefined) expect(row.blockHash).to.equal(block.hash);
  if (row.blockNumber === toBlock) expect(row.blockHash).to.equal(toHash);
}

function byPosition(a: Row, b: Row): number {
  return a.blockNumber - b.blockNumber || a.logIndex - b.logIndex;
}

function idOf(row: Row): string {
  return `${row.blockHash} ${row.transactionHash} ${row.logIndex}`;
}
