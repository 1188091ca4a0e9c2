import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import type { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import type { TagAnswer } from '../../../src/chain/blocks/header-outcome.js';
import { HeadReader } from '../../../src/chain/blocks/head-reader.js';
import type { ChainHead } from '../../../src/chain/blocks/head-reader.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { Finality } from '../../../src/model/pipeline.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { MemoryLogger } from '../../support/memory-logger.js';

const signal = new AbortController().signal;

function headerOf(number: number): BlockHeader {
  const hash = `0x${number.toString(16).padStart(64, '0')}`;
  return { number, hash, parentHash: hash, timestamp: number * 12, logsBloom: undefined };
}

describe('where the chain stands', () => {
  let answers: { latest: number; tagged: number | null; timestamp?: number }[];
  const open = (finality: Finality = 'latest', logger: Logger = silentLogger): HeadReader => {
    const heads = (): Promise<{ latest: BlockHeader; tagged: TagAnswer }> => {
      const { latest: number, tagged, timestamp } = answers.shift()!;
      const latest = { ...headerOf(number), ...(timestamp === undefined ? {} : { timestamp }) };
      const unknown = new RpcError('invalid argument', { class: 'invalid-request', host: 'node' });
      return Promise.resolve({ latest, tagged: tagged === null ? unknown : headerOf(tagged) });
    };
    return new HeadReader({ heads, settledDepth: 64 } as unknown as ChainClient, finality, logger);
  };
  const read = async (reader: HeadReader): Promise<Omit<ChainHead, 'latest'>> => {
    const { readable, finalized, settled } = (await reader.read(signal))!;
    return { readable, finalized, settled };
  };

  it('is what the node says of its newest and its final block', async () => {
    answers = [{ latest: 1_000, tagged: 900 }];
    expect(await read(open())).to.deep.equal({ readable: 1_000, finalized: 900, settled: 900 });
  });

  it('counts as settled only what is so deep that every node has it', async () => {
    answers = [{ latest: 1_000, tagged: 998 }];
    expect(await read(open())).to.deep.equal({ readable: 1_000, finalized: 998, settled: 936 });
  });

  it('takes nothing back of what was final, whichever node answers next', async () => {
    answers = [
      { latest: 1_000, tagged: 930 },
      { latest: 960, tagged: 896 },
      { latest: 1_001, tagged: null },
    ];
    const reader = open('finalized');
    await read(reader);
    expect(await read(reader)).to.deep.equal({ readable: 930, finalized: 930, settled: 896 });
    expect((await read(reader)).finalized).to.equal(930);
  });

  it('lets nothing be read above the head of a chain that has become shorter', async () => {
    answers = [
      { latest: 1_000, tagged: 930 },
      { latest: 920, tagged: 856 },
    ];
    const reader = open('finalized');
    await read(reader);
    expect((await read(reader)).readable).to.equal(920);
  });

  it('takes the block 64 below the head for final where no node says', async () => {
    answers = [{ latest: 1_000, tagged: null }];
    expect(await read(open(10))).to.deep.equal({ readable: 990, finalized: 936, settled: 936 });
  });

  it('says once that a block is only taken for final, also where newer ones are read: sinks may deliver by it', async () => {
    const guess = 'the node does not tell which block is finalized: block 64 below its head is taken for it';
    const logger = new MemoryLogger();
    answers = [
      { latest: 1_000, tagged: null },
      { latest: 1_001, tagged: null },
    ];
    const reader = open('latest', logger);
    await read(reader);
    await read(reader);
    expect(logger.messages('info')).to.deep.equal([guess]);
    answers = [{ latest: 1_000, tagged: 900 }];
    await read(open('latest', logger));
    expect(logger.messages('info')).to.have.length(1);
  });

  it('is told with a warning, once, where the time of its head is none in seconds', async () => {
    for (const timestamp of [0, 1_700_000_000_000]) {
      const logger = new MemoryLogger();
      answers = [{ latest: 1_000, tagged: 900, timestamp }];
      answers.push(answers[0]!);
      const reader = open('latest', logger);
      await read(reader);
      await read(reader);
      expect(logger.messages('warn')).to.deep.equal([
        `the node tells ${timestamp} as the time of block 1000, which are no seconds since 1970: events are stored with such times`,
      ]);
    }
  });

  it('is told without one where its head is the first block of a chain that begins at 0', async () => {
    const logger = new MemoryLogger();
    answers = [{ latest: 0, tagged: 0 }];
    await read(open('latest', logger));
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('waits for one answer at a time on what is final, however many heads come meanwhile', async () => {
    const run = new AbortController();
    let asked = 0;
    let answer = (): void => undefined;
    const heads = (): Promise<{ latest: BlockHeader; tagged: TagAnswer }> => {
      const told = { latest: headerOf(1_000), tagged: headerOf(900) };
      return ++asked === 1 ? Promise.resolve(told) : new Promise((resolve) => (answer = () => resolve(told)));
    };
    const reader = new HeadReader({ heads, settledDepth: 64 } as unknown as ChainClient, 'latest', silentLogger);
    await reader.read(run.signal);
    for (let block = 1_100; block < 1_110; block++) await reader.at(headerOf(block), run.signal);
    expect(getEventListeners(run.signal, 'abort')).to.have.length(1);
    answer();
    await new Promise(setImmediate);
    expect(getEventListeners(run.signal, 'abort')).to.deep.equal([]);
    await reader.at(headerOf(1_110), run.signal);
    expect(asked).to.equal(3);
    run.abort();
  });
});
