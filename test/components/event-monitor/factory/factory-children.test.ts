import { expect } from 'chai';
import { createDecoder } from '../../../../src/chain/abi/decoder.js';
import type { RangeReader } from '../../../../src/chain/blocks/range-reader.js';
import { FactoryChildren } from '../../../../src/components/event-monitor/factory/factory-children.js';
import { factoryDigest } from '../../../../src/components/event-monitor/factory/levels.js';
import type { Standpoint } from '../../../../src/components/event-monitor/factory/past-reader.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLogger } from '../../../support/memory-logger.js';
import { MessageLedger } from '../../../support/message-ledger.js';
import { rejectionOf } from '../../../support/rejection.js';
import { transferAbi } from '../../../support/transfer-emitter.js';
import { address, factoryConfig } from './factory-chain.js';

describe('the children of a factory whose node is away', () => {
  it('wait for the same earlier blocks as before once a search for others has failed', async () => {
    const { factory } = factoryConfig();
    if (factory === undefined) throw new Error('there is no factory');
    const logger = new MemoryLogger();
    const { signal } = new AbortController();
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const known = {
      definition: factoryDigest(factory),
      knownTo: 40,
      children: [{ level: 0, address: address(1), since: 30, earlier: { from: 1, to: 60 } }],
    };
    const children = new FactoryChildren(factory, {
      chain: { header: away },
      nodes: null,
      decoder: createDecoder({
        contracts: [{ addresses: null, abi: transferAbi }],
        eventsToMonitor: null,
        addressFilters: [],
        keepUnknown: false,
      }),
      openLogs: () => ({ fetch: away }) as unknown as RangeReader,
      context: {
        run: {},
        checkpoint: new MessageLedger().checkpoint,
        recentBlocks: [],
        knownChildren: () => Promise.resolve(known),
        clock: new FakeClock(),
        logger,
        stopping: signal,
      },
      moved: () => Promise.resolve(),
    });
    await children.load();
    const header = { number: 70, hash: '0x70' };
    const at = {
      stretch: { first: 1, next: 61, last: { number: 60, hash: '0x60' }, agreesWith: () => true },
      head: { settled: -1, latest: header },
    } as unknown as Standpoint;
    await rejectionOf(children.catchUp(70, at, signal).next());
    await rejectionOf(children.readEarlier(at, signal).next());
    expect(logger.messages()).to.include('reading blocks 1 to 60 for 1 contracts that were announced later');
  });
});
