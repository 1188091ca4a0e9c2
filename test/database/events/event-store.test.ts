import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { EventStore, type EventFilter } from '../../../src/database/events/event-store.js';
import { logBounds } from '../../../src/model/log-bounds.js';
import type { StoredEvent } from '../../../src/model/stored-event.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { hashOf, makeEvent, makeUndecoded, storeLogs } from '../../support/stored-logs.js';

/** Twelve events of four blocks, two of them with one log index; and two undecoded logs. */
const events = [1, 2, 3, 5].flatMap((blockNumber) => [
  makeEvent({ blockNumber, logIndex: 7, transactionHash: hashOf(2) }),
  makeEvent({ blockNumber, logIndex: 0, eventName: 'Approval', eventSignature: 'Approval(address,address,uint256)' }),
  makeEvent({ blockNumber, logIndex: 7, transactionHash: hashOf(1) }),
]);

type Place = readonly [block: number, log: number, transaction: string];

const placeOf = (event: StoredEvent): Place => [event.blockNumber, event.logIndex, event.transactionHash];

async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

eachDatabase('EventStore', (testDatabase) => {
  let database: Database;
  let store: EventStore;
  const blocksOf = async (filter: Omit<EventFilter, 'pipelineId'>): Promise<number[]> =>
    (await collect(store.pages({ pipelineId: 45, ...filter }))).map(({ blockNumber }) => blockNumber);

  before(async () => {
    database = await openMigrated(await testDatabase.fresh());
    store = new EventStore(database);
    const undecoded = [
      makeUndecoded({ blockNumber: 3, topics: [], data: '0x123' }),
      makeUndecoded({ blockNumber: 2, data: '0x' }),
    ];
    await storeLogs(database, 45, { events, undecoded });
    await storeLogs(database, 46, { events: [makeEvent({ blockNumber: 2 })] }, 137);
  });
  after(() => database.close());

  it('walks over events in the order of the chain, each once, whatever the size of a page', async () => {
    const inOrder = [1, 2, 3, 5].flatMap((block): Place[] => [
      [block, 0, hashOf(0xabc)],
      [block, 7, hashOf(1)],
      [block, 7, hashOf(2)],
    ]);
    for (const pageSize of [1, 2, 3, 4, 11, 12, 13]) {
      const found = await collect(store.pages({ pipelineId: 45 }, { pageSize }));
      expect(found.map(placeOf), `pages of ${pageSize}`).to.deep.equal(inOrder);
    }
  });

  it('holds the largest numbers that a log may have', async () => {
    const { timestamp, ...largest } = logBounds;
    const event = makeEvent({ ...largest, timestamp });
    await storeLogs(database, 53, { events: [event], undecoded: [makeUndecoded({ ...largest, timestamp })] });
    expect((await store.latest({ pipelineId: 53 }, 1))[0]).to.include({ ...largest, timestamp });
    expect((await collect(store.undecodedPages({ pipelineId: 53 })))[0]).to.include({ ...largest, timestamp });
  });

  it('returns an event as it was stored, with its chain, the address in lower case', async () => {
    const [event] = await store.latest({ pipelineId: 46 }, 1);
    expect(event).to.deep.equal({
      ...makeEvent({ blockNumber: 2 }),
      contractAddress: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
      chainId: 137,
    });
  });

  it('takes blocks from and to, both included', async () => {
    expect(await blocksOf({ fromBlock: 3 })).to.deep.equal([3, 3, 3, 5, 5, 5]);
    expect(await blocksOf({ toBlock: 1 })).to.deep.equal([1, 1, 1]);
    expect(await blocksOf({ fromBlock: 4, toBlock: 5, event: 'Transfer' })).to.deep.equal([5, 5]);
    expect(await blocksOf({ fromBlock: 6 })).to.deep.equal([]);
  });

  it('takes an event by its name, told apart by case, or by its full signature', async () => {
    expect(await blocksOf({ event: 'Approval' })).to.deep.equal([1, 2, 3, 5]);
    expect(await blocksOf({ event: 'approval' })).to.deep.equal([]);
    expect(await blocksOf({ event: 'Approval(address,address,uint256)' })).to.deep.equal([1, 2, 3, 5]);
    expect(await blocksOf({ event: 'Approval(address)' })).to.deep.equal([]);
  });

  it('returns the latest, newest first, and counts', async () => {
    const latest = await store.latest({ pipelineId: 45, toBlock: 3 }, 2);
    expect(latest.map(placeOf)).to.deep.equal([
      [3, 7, hashOf(2)],
      [3, 7, hashOf(1)],
    ]);
    expect(await store.count({ pipelineId: 45 })).to.equal(12);
    expect(await store.count({ pipelineId: 45, event: 'Transfer', fromBlock: 2 })).to.equal(6);
    expect(await store.count({ pipelineId: 7 })).to.equal(0);
    expect(await store.count({ pipelineId: 45 }, 12)).to.equal(12);
    expect(await store.count({ pipelineId: 45 }, 11)).to.equal(null);
  });

  it('walks over the latest in pages, in the order of the chain', async () => {
    const all = (await collect(store.pages({ pipelineId: 45 }))).map(placeOf);
    const pagesOf = async (latest: number, filter: Partial<EventFilter> = {}): Promise<unknown[][]> => {
      const pages: unknown[][] = [];
      const options = { latest, pageSize: 2, ofOneState: true };
      for await (const page of store.pages({ pipelineId: 45, ...filter }, options)) pages.push(page.map(placeOf));
      return pages;
    };
    expect(await pagesOf(5)).to.deep.equal([all.slice(7, 9), all.slice(9, 11), all.slice(11)]);
    expect(await pagesOf(1)).to.deep.equal([all.slice(11)]);
    for (const latest of [11, 12, 13]) expect((await pagesOf(latest)).flat()).to.deep.equal(all.slice(-latest));
    expect((await pagesOf(3, { event: 'Approval', toBlock: 3 })).flat()).to.have.length(3);
    expect((await pagesOf(3, { toBlock: 2 })).flat()).to.deep.equal(
      (await pagesOf(9, { toBlock: 2 })).flat().slice(-3),
    );
    expect(await pagesOf(5, { pipelineId: 7 })).to.deep.equal([]);
  });

  it('returns undecoded logs as they were stored', async () => {
    const logs = await collect(store.undecodedPages({ pipelineId: 45 }, { pageSize: 1 }));
    expect(logs.map(({ blockNumber, topics, data }) => [blockNumber, topics, data])).to.deep.equal([
      [2, [hashOf(1), hashOf(2)], '0x'],
      [3, [], '0x123'],
    ]);
    expect(logs[0]).to.include({ reason: 'unknown_event', chainId: 1 });
    expect(await store.countUndecoded({ pipelineId: 45, fromBlock: 3 })).to.equal(1);
  });

  it('takes fewer rows at a time where they are large', async () => {
    const argsJson = `{"text":"${'x'.repeat(3_000_000)}"}`;
    const large = [1, 2, 3, 4, 5, 6, 7].map((blockNumber) => makeEvent({ blockNumber, argsJson }));
    await storeLogs(database, 47, { events: large });
    const sizes: number[] = [];
    for await (const page of store.pages({ pipelineId: 47 }, { pageSize: 3 })) sizes.push(page.length);
    expect(sizes).to.deep.equal([3, 2, 2]);
  });

  it('lets the event loop turn between pages', async () => {
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = turns;
    await collect(store.pages({ pipelineId: 45 }, { pageSize: 1 }));
    clearInterval(count);
    expect(turns).to.be.greaterThan(before);
  });
});
