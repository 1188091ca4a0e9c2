import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { PipelineStore } from '../../src/database/pipelines/pipeline-store.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { hashOf, makeEvent, storeLogs } from '../support/stored-logs.js';
import { runIn } from '../cli/run-in.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

const url = '/api/v1/pipeline/45/events';

eachDatabase('the API about events', (testDatabase) => {
  let database: Database;
  let databaseUrl: string;
  let api: TestApi;
  const placesOf = ({ events }: Record<string, unknown>): readonly string[] =>
    (events as { block_number: number; log_index: number }[]).map(
      (event) => `${event.block_number}.${event.log_index}`,
    );
  /** Follows the cursors to the end. */
  const walk = async (query: string): Promise<readonly (readonly string[])[]> => {
    const pages: (readonly string[])[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await api.get(`${url}?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      pages.push(placesOf(page));
      cursor = page['next_cursor'] as string | null;
    }
    return pages;
  };

  // Block 1 has logs 0 and 1; in block 2 a node has numbered the logs of two transactions anew; block 3 has one.
  before(async function () {
    this.timeout(60_000);
    databaseUrl = await testDatabase.fresh();
    database = await openMigrated(databaseUrl);
    api = testApi(database);
    const transfer = {
      type: 'event',
      name: 'Transfer',
      inputs: ['address', 'address', 'uint256'].map((type) => ({ type })),
    };
    const contracts = [{ addresses: null, abi: [transfer] }];
    const config = { chainName: 'ethereum', chainId: 1, contracts };
    const component = { name: 'a', type: 'event_monitor', config };
    const nothing = {
      classificationId: null,
      description: null,
      timeoutMinutes: null,
      restart: null,
      schedule: null,
      timeZone: null,
    };
    await new PipelineStore(database).import({ id: 45, name: 'a', components: [component], ...nothing });
    await storeLogs(database, 45, {
      events: [
        makeEvent({ blockNumber: 1 }),
        makeEvent({ blockNumber: 1, logIndex: 1, argsJson: '{"to":"0x01","1":"2","0":"3"}' }),
        makeEvent({ blockNumber: 2, transactionHash: hashOf(1) }),
        makeEvent({ blockNumber: 2, transactionHash: hashOf(2) }),
        makeEvent({ blockNumber: 3, eventName: 'Approval' }),
      ],
    });
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  it('lists them in the order of the chain, as exports write them', async () => {
    const answer = await api.send(url);
    const page = answer.json<{ events: Record<string, unknown>[] }>();
    expect(placesOf(page)).to.deep.equal(['1.0', '1.1', '2.0', '2.0', '3.0']);
    expect(Object.keys(page.events[0]!).join(' ')).to.equal(
      'pipeline_id chain chain_id block_number block_hash block_time timestamp transaction_hash transaction_index ' +
        'log_index contract_address event_name event_signature args',
    );
    expect(page.events[0]).to.include({
      chain: 'ethereum',
      contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
    });
    expect(answer.body).to.contain('"args":{"to":"0x01","1":"2","0":"3"}');
  });

  it('walks over them by cursors, in both directions, each once', async () => {
    expect(await walk('limit=2')).to.deep.equal([['1.0', '1.1'], ['2.0', '2.0'], ['3.0']]);
    expect(await walk('limit=3&order=desc')).to.deep.equal([
      ['3.0', '2.0', '2.0'],
      ['1.1', '1.0'],
    ]);
    expect((await walk('limit=1')).flat()).to.deep.equal(['1.0', '1.1', '2.0', '2.0', '3.0']);
    const hashes: unknown[] = [];
    const first = await api.get(`${url}?limit=3`);
    const second = await api.get(`${url}?limit=3&cursor=${String(first['next_cursor'])}`);
    for (const page of [first, second])
      for (const event of page['events'] as { transaction_hash: string }[]) hashes.push(event.transaction_hash);
    expect(hashes.slice(2, 4)).to.deep.equal([hashOf(1), hashOf(2)]);
  });

  it('narrows them by block and event', async () => {
    expect(placesOf(await api.get(`${url}?from_block=2&to_block=2`))).to.deep.equal(['2.0', '2.0']);
    expect(placesOf(await api.get(`${url}?event=Approval`))).to.deep.equal(['3.0']);
    expect(placesOf(await api.get(`${url}?event=Transfer(address,%20address,uint256)&limit=1`))).to.deep.equal(['1.0']);
  });

  it('say which event was meant, and which blocks lie the wrong way round, instead of nothing', async () => {
    const problem = expectProblem(await api.send(`${url}?event=Transer`), 400);
    expect(problem).to.include({ detail: "pipeline 45 has no event 'Transer'", hint: "did you mean 'Transfer'?" });
    const signature = expectProblem(await api.send(`${url}?event=Transfer(address,address)`), 400);
    expect(signature).to.include({ hint: "did you mean 'Transfer(address,address,uint256)'?" });
    expect(expectProblem(await api.send(`${url}?event=Over`), 400), 'nothing is like it').not.to.have.property('hint');
    expectProblem(await api.send(`${url}?event=' OR 1=1 --`.replaceAll(' ', '%20')), 400);
    expect(expectProblem(await api.send(`${url}?from_block=3&to_block=2`), 400)).to.include({
      detail: 'query.from_block: lies behind to_block',
    });
    // An event of an older definition is stored, though the ABI knows it no more.
    expect(placesOf(await api.get(`${url}?event=Approval&from_block=9`))).to.deep.equal([]);
    expect(placesOf(await api.get(`${url}?from_block=${Number.MAX_SAFE_INTEGER}`))).to.deep.equal([]);
    expect(
      expectProblem(await api.send(`${url}?from_block=${Number.MAX_SAFE_INTEGER + 1}`), 400)['errors'],
    ).to.deep.equal([{ path: 'query.from_block', message: `is no whole number from 0 to ${Number.MAX_SAFE_INTEGER}` }]);
  });

  it('writes them as CSV by the code of the command line, page by page', async () => {
    const { stdout } = await runIn(
      temporaryFolder(),
      'events',
      'export',
      '--pipeline',
      '45',
      '--format',
      'csv',
      '--database',
      databaseUrl,
    );
    const first = await api.send(`${url}?format=csv&limit=3`);
    expect(first.headers['content-type']).to.equal('text/csv; charset=utf-8');
    const second = await api.send(`${url}?format=csv&limit=3&cursor=${String(first.headers['next-cursor'])}`);
    expect(second.headers['next-cursor']).to.equal(undefined);
    expect(first.body + second.body).to.equal(stdout);
    expect(stdout.split(',', 7).slice(5)).to.deep.equal(['block_time', 'timestamp']);
  });

  it('refuses what is no cursor, and knows which pipelines there are', async () => {
    for (const cursor of ['x', '1', '1-2', '1-2-0x00', `1-2-${hashOf(1)}x`, '-1-1-0x']) {
      expectProblem(await api.send(`${url}?cursor=${cursor}`), 400);
    }
    expectProblem(await api.send('/api/v1/pipeline/46/events'), 404);
    expectProblem(await api.send(`${url}?limit=501`), 400);
  });
});
