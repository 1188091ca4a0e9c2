import { expect } from 'chai';
import { LiveState } from '../../src/api/live/live-state.js';
import type { ServerEvent } from '../../src/api/server-events.js';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { FakeClock } from '../support/fake-clock.js';
import { followersOf } from '../support/followers-of.js';
import { openMigrated } from '../support/migrated-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

interface Told {
  readonly set: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly drop?: readonly string[];
}

type Client = AsyncIterator<ServerEvent>;

describe('the live state', () => {
  let database: Database;
  let clock: FakeClock;
  let api: TestApi;
  let live: LiveState;
  let gone: AbortController;
  /** What a read of the database waits for, and may throw. */
  let gate: () => Promise<void>;

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    gate = () => Promise.resolve();
    const read: Database['read'] = async (query) => {
      await gate();
      return database.read(query);
    };
    const isReadOnly: Database['isReadOnly'] = () => database.isReadOnly();
    const held = Object.create(database, { read: { value: read }, isReadOnly: { value: isReadOnly } }) as Database;
    clock = new FakeClock();
    api = testApi(held, {}, { clock });
    live = new LiveState(api.parts);
    gone = new AbortController();
  });
  afterEach(async () => {
    gate = () => Promise.resolve();
    gone.abort();
    await api.app.close();
    await database.close();
  });

  function watch(): Client {
    return live.watch(undefined, gone.signal)[Symbol.asyncIterator]() as Client;
  }

  async function next(client: Client): Promise<Told> {
    const told = (await client.next()) as { value: ServerEvent };
    return JSON.parse(told.value.data) as Told;
  }

  /** Lets a second pass after another, as many looks as it takes, until a client is told what is wanted. */
  async function until(client: Client, fits: (told: Told) => boolean, mostSeconds = 20): Promise<Told> {
    const found: Told[] = [];
    const isSought = (): boolean => found.length === 0;
    const reading = (async () => {
      while (isSought()) {
        const told = await next(client);
        if (fits(told)) found.push(told);
      }
    })();
    for (let second = 0; second < mostSeconds && isSought(); second++) {
      await clock.advance(1_000);
      // What is read takes real time.
      for (let turn = 0; turn < 50 && isSought(); turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await reading;
    return found[0] ?? expect.fail('nothing was told');
  }

  const checksOf = ({ set }: Told): readonly string[] =>
    (set['system']?.['checks'] as { name: string; ok: boolean; kind: string }[]).map(
      ({ name, ok, kind }) => `${name} ${ok} ${kind}`,
    );

  const unread = [
    'database false fails',
    'monitor false unread',
    'silence false unread',
    'pipelines false unread',
    'lag false unread',
  ];

  it('tells who comes while it is read nothing before it is read', async () => {
    const id = await insertSilentTask(database, 10);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    gate = () => released;
    const clients = [watch(), watch()];
    const first = clients.map((client) => next(client));
    release();
    for (const { set } of await Promise.all(first)) expect(set).to.have.property(`task:${id}`);
  });

  it('takes back what it has said of the system where the database is gone, and says since when nobody has read', async () => {
    const id = await insertSilentTask(database, 10);
    const client = watch();
    const first = await next(client);
    expect(checksOf(first)[0]).to.equal('database true answers');
    gate = () => Promise.reject(new Error('it is gone'));
    const lost = await until(client, ({ set }) => set['trouble'] !== undefined);
    expect(lost.set['trouble']).to.include({ message: 'it is gone' });
    const told = lost.set['system'] === undefined ? await next(client) : lost;
    expect(checksOf(told)).to.deep.equal(unread);
    expect(told.set['system']).to.include({ ready: false, running: 1 });

    await clock.advance(120_000);
    gate = () => Promise.reject(new Error('it is gone for good'));
    const later = await until(client, ({ set }) => set['trouble']?.['message'] === 'it is gone for good');
    expect(later.set['trouble']?.['unread_seconds']).to.be.within(120, 140);
    const fresh = await next(watch());
    expect(fresh.set[`task:${id}`]?.['silent_seconds']).to.be.within(9, 12);
    expect(fresh.set[`task:${id}`]?.['read_seconds_ago']).to.be.within(120, 140);

    gate = () => Promise.resolve();
    const back = await until(client, ({ drop = [] }) => drop.includes('trouble'));
    expect((back.set['system'] === undefined ? await next(watch()) : back).set['system']).to.include({ running: 1 });
    const now = await next(watch());
    expect(checksOf(now)[0]).to.equal('database true answers');
    expect(now.set[`task:${id}`]?.['read_seconds_ago']).to.be.below(5);
  });

  it('says how many pipelines there are together with which there are', async () => {
    const { knex } = database;
    const insert = async (id: number): Promise<void> => {
      await database.write([knex('pipeline').insert({ id, name: `pipeline ${id}`, disabled: 0 })]);
    };
    await insert(1);
    await insert(2);
    const client = watch();
    expect((await next(client)).set['system']).to.include({ pipelines: 2 });
    await database.write([knex('pipeline').where({ id: 2 }).delete()]);
    const fewer = await until(client, ({ drop }) => drop?.includes('pipeline:2') === true);
    expect(fewer.set['system']).to.include({ pipelines: 1 });
    await insert(3);
    const more = await until(client, ({ set }) => set['pipeline:3'] !== undefined);
    expect(more.set['system']).to.include({ pipelines: 2 });
  });

  it('says that nothing was ever read where that is so', async () => {
    gate = () => Promise.reject(new Error('it is gone'));
    const { set } = await next(watch());
    expect(set['trouble']).to.include({ message: 'it is gone', unread_seconds: null });
    expect(set['system']).to.include({ ready: false }).and.not.to.have.property('running');
  });

  it('waits no longer than five seconds for a database that hangs, asks it no more meanwhile, and shows no late answer', async () => {
    const id = await insertSilentTask(database, 10);
    const client = watch();
    await next(client);
    let asked = 0;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    gate = () => (asked++, released);
    const lost = await until(client, ({ set }) => set['trouble'] !== undefined, 8);
    expect(lost.set['trouble']).to.include({ message: 'no answer within 5 s' });
    await clock.advance(60_000);
    expect(asked).to.equal(1);
    await database.write([database.knex('pipeline_task').where({ id }).update({ worker: 'late' })]);
    release();
    const { set } = await until(client, (told) => told.set[`task:${id}`]?.['worker'] === 'late');
    expect(set[`task:${id}`]?.['read_seconds_ago']).to.be.below(5);
  });

  it('tells who comes back first that nothing has changed, where that is so', async () => {
    const { value: all } = (await watch().next()) as { value: ServerEvent };
    const again = live.watch(all.id, gone.signal)[Symbol.asyncIterator]() as Client;
    expect(await next(again)).to.deep.equal({ set: {}, drop: [] });
  });

  it('leaves nothing of its looks at the signal of the server', async () => {
    live.start();
    for (let looks = 0; looks < 10; looks++) {
      await clock.whenSleeping();
      await clock.advance(60_000);
    }
    expect(followersOf(api.parts.stopping)).to.be.at.most(1);
  });
});
