import { appendFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/database/database.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { openMigrated } from '../support/migrated-database.js';
import { followersOf } from '../support/followers-of.js';
import { HastyClock } from '../support/hasty-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually, within } from '../support/within.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

describe('the API about the logs of tasks', () => {
  let database: Database;
  let api: TestApi;
  let folder: string;

  before(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    api = testApi(database);
    folder = api.parts.cwd;
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'secret.txt'), 'a secret\n');
  });
  after(async () => {
    await api.app.close();
    await database.close();
  });

  const taskWithLog = async (logPath: string | null, status = 0): Promise<number> => {
    const id = await insertSilentTask(database, 1, { status });
    await database.write([database.knex('pipeline_task').where({ id }).update({ log_path: logPath })]);
    return id;
  };
  const logOf = (id: number, query = ''): string => `/api/v1/pipeline/task/${id}/log${query}`;

  it('shows the last lines, those of files that were put aside, too, and masks what looks like a secret', async () => {
    writeFileSync(join(folder, 'logs/a.log.1'), 'one\ntwo\n');
    writeFileSync(join(folder, 'logs/a.log'), 'three\nhttps://user:p4ssw0rd@host.example/key\nfive');
    const id = await taskWithLog('logs/a.log');
    const { lines } = await api.get(logOf(id));
    expect(lines).to.deep.equal(['one', 'two', 'three', 'https://***@host.example/***', 'five']);
    expect(await api.get(logOf(id, '?lines=4'))).to.deep.include({
      lines: (lines as string[]).slice(1),
      truncated: false,
    });
    expect(await api.get(logOf(id, '?lines=0'))).to.deep.include({ lines: [] });
  });

  it('leaves older lines out where the answer would be too large', async () => {
    writeFileSync(join(folder, 'logs/big.log'), `${`${'x'.repeat(200_000)}\n`.repeat(30)}z\n`);
    const answer = await api.send(logOf(await taskWithLog('logs/big.log')));
    const { lines, truncated } = answer.json<{ lines: string[]; truncated: boolean }>();
    expect(truncated).to.equal(true);
    expect(lines.map((line) => line.length)).to.deep.equal([...Array<number>(19).fill(200_000), 1]);
    expect(answer.body.length).to.be.lessThan(4_000_100);
  });

  it('counts what a line takes in JSON: one of control characters takes six times its length', async () => {
    writeFileSync(join(folder, 'logs/nul.log'), `${'\0'.repeat(200_000)}\n`.repeat(30));
    const answer = await api.send(logOf(await taskWithLog('logs/nul.log')));
    expect(answer.json<{ lines: string[] }>().lines).to.have.length(3);
    expect(answer.body.length).to.be.lessThan(4_000_100);
  });

  it('shows a line of 50 MB cut, with a mark, and a longer one from its middle on', async () => {
    const path = join(folder, 'logs/long.log');
    writeFileSync(path, 'before\n');
    for (let i = 0; i < 10; i++) appendFileSync(path, Buffer.alloc(5_000_000, 0x61));
    appendFileSync(path, '\nafter\n');
    const id = await taskWithLog('logs/long.log');
    const { lines, truncated } = await api.get(logOf(id));
    expect((lines as string[]).map((line) => line.replace(/a{100,}/, 'aaa'))).to.deep.equal([
      'before',
      'aaa… [cut: 50000000 bytes]',
      'after',
    ]);
    expect(truncated).to.equal(true);
    for (let i = 0; i < 20; i++) appendFileSync(path, Buffer.alloc(5_000_000, 0x61));
    const [only, ...rest] = (await api.get(logOf(id)))['lines'] as string[];
    expect(only).to.match(/^\[cut\] …a+… \[cut\]$/);
    expect(rest).to.deep.equal([]);
  });

  it('leave nothing at the signal of the server', async () => {
    const { stopping } = api.parts;
    const id = await taskWithLog('logs/short.log');
    writeFileSync(join(folder, 'logs/short.log'), 'a line\n');
    const before = followersOf(stopping);
    for (let i = 0; i < 3; i++) await api.get(logOf(id));
    await eventually('all is let go', () => followersOf(stopping) === before);
  });

  it('stops reading when the server ends', async () => {
    const stopping = AbortSignal.abort(new Error('the server ends'));
    const ending = testApi(database, {}, { stopping, cwd: folder });
    writeFileSync(join(folder, 'logs/end.log'), 'x\n'.repeat(1_000_000));
    expectProblem(await ending.send(logOf(await taskWithLog('logs/end.log'))), 503);
    await ending.app.close();
  });

  it('never leaves the log folder', async () => {
    symlinkSync(join(folder, 'secret.txt'), join(folder, 'logs/link.log'));
    symlinkSync(folder, join(folder, 'logs/up'));
    writeFileSync(join(folder, 'logs/honest.log'), 'mine\n');
    symlinkSync(join(folder, 'secret.txt'), join(folder, 'logs/honest.log.1'));
    mkdirSync(join(folder, 'logs-of-others'));
    writeFileSync(join(folder, 'logs-of-others/x.log'), 'a secret\n');
    const paths = [
      '/etc/passwd',
      'secret.txt',
      'logs/../secret.txt',
      'logs/link.log',
      'logs/up/secret.txt',
      'logs-of-others/x.log',
      'logs',
      'logs/',
      '.',
      '/',
      `${folder}/secret.txt`,
      '../../../../etc/passwd',
      'logs/\0x',
    ];
    for (const path of paths) {
      for (const suffix of ['', '/stream']) {
        const answer = await api.send(logOf(await taskWithLog(path), suffix));
        expect(answer.statusCode, `${path}: ${answer.body}`).to.be.oneOf([403, 404]);
        expect(answer.body).not.to.match(/a secret|root:/);
      }
    }
    expect(await api.get(logOf(await taskWithLog('logs/honest.log')))).to.deep.include({ lines: ['mine'] });
  });

  it('says that a log is not there', async () => {
    expectProblem(await api.send(logOf(await taskWithLog(null))), 404);
    expectProblem(await api.send(logOf(await taskWithLog('logs/none.log'))), 404);
    expectProblem(await api.send(logOf(9_999)), 404);
  });

  describe('says of one that it can not read', () => {
    const problemOf = async (logPath: string, worker: string | null, served = api): Promise<string> => {
      const id = await taskWithLog(logPath);
      await database.write([database.knex('pipeline_task').where({ id }).update({ worker })]);
      const streamed = await served.send(logOf(id, '/stream'));
      const { status, detail, hint = '' } = (await served.send(logOf(id))).json<Record<string, string>>();
      expect(streamed.json()).to.deep.include({ status, detail });
      return `${status} ${`${detail}: ${hint}`.replaceAll(new RegExp(`(task|log) ${id}\\b`, 'g'), '$1 N')}`;
    };
    const here = `${hostname()}:12237`;
    const outside = (folder: string): string =>
      `403 the log of task N is outside of the log folder of this server: where that is the task's own folder, ` +
      `serve with it: --log-dir ${folder}; or read it on its host: chainparse tasks log N`;

    it('that it is outside of the log folder, and how to serve it', async () => {
      mkdirSync(join(folder, 'logs-sqlite'));
      writeFileSync(join(folder, 'logs-sqlite/x.log'), 'one\n');
      expect(await problemOf('logs-sqlite/x.log', here)).to.equal(outside('logs-sqlite'));
      expect(await problemOf('/gone/away/x.log', here)).to.equal(outside('/gone/away'));
      // Where the server has no log folder at all no path is in one.
      const bare = testApi(database, {}, { cwd: temporaryFolder() });
      expect(await problemOf('logs-sqlite/x.log', here, bare)).to.equal(outside('logs-sqlite'));
      expect(await problemOf('logs/../logs-sqlite/x.log', here, bare)).to.equal(outside('logs/../logs-sqlite'));
      await bare.app.close();
    });

    it('that it is not there, where it ran on this host and would be in the log folder', async () => {
      expect(await problemOf('logs/none.log', here)).to.equal(
        '404 the log of task N, which ran on this host, is not there: logs/none.log: ' +
          'a path starts from the folder in which serve was started: start it where the task was started',
      );
    });

    it('on which other host it ran, wherever its path leads', async () => {
      for (const path of ['logs/none.log', '/gone/away/x.log'])
        expect(await problemOf(path, 'far:7')).to.equal('404 the log of task N is not on this host: it ran on far:7: ');
      expect(await problemOf('logs/none.log', null)).to.equal('404 the log of task N is not on this host: ');
    });
  });

  it('follows a log until its task has ended', async () => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const path = join(folder, 'logs/live.log');
    writeFileSync(path, 'one\ntwo\n');
    const id = await taskWithLog('logs/live.log');
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ host: '127.0.0.1', port, path: logOf(id, '/stream?lines=1') }, resolve);
    });
    let text = '';
    let isOver = false;
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => (isOver = true));
    await eventually('the last line comes', () => text.includes('data: "two"'));
    expect(response.headers['content-type']).to.match(/^text\/event-stream/);
    expect(response.headers).to.include({ 'x-content-type-options': 'nosniff' });
    appendFileSync(path, 'three\n');
    await eventually('what is added comes', () => text.includes('event: line\ndata: "three"\n\n'));
    await database.write([database.knex('pipeline_task').where({ id }).update({ status: 1 })]);
    await eventually('it ends', () => isOver);
    expect(text).not.to.contain('"one"');
    expect(text).to.match(new RegExp(`event: end\ndata: {"task_id":${id}}\n\n$`));
  });

  describe('goes on for who was there before', () => {
    interface Heard {
      readonly event: string;
      readonly data: string;
      readonly id: string | undefined;
    }
    const clock = new HastyClock();
    let hasty: TestApi;
    let path: string;
    let id: number;

    before(async () => {
      hasty = testApi(database, {}, { clock, cwd: folder });
      path = join(folder, 'logs/again.log');
      writeFileSync(path, 'one\ntwo\nthree\nhalf a line');
      id = await taskWithLog('logs/again.log', 1);
    });
    after(() => hasty.app.close());

    const hear = async (lastEventId: string | undefined, query = ''): Promise<readonly Heard[]> => {
      const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const answer = await hasty.send({ url: logOf(id, `/stream${query}`), headers });
      expect(answer.statusCode, answer.body).to.equal(200);
      const blocks = answer.body.split('\n\n').filter((block) => block.includes('event: '));
      return blocks.map((block) => {
        const valueOf = (field: string): string | undefined => new RegExp(`^${field}: (.*)$`, 'm').exec(block)?.[1];
        return { event: valueOf('event') ?? '', data: valueOf('data') ?? '', id: valueOf('id') };
      });
    };
    const told = (heard: readonly Heard[]): readonly string[] =>
      heard.map(({ event, data }) => (event === 'line' ? (JSON.parse(data) as string) : `<${event}>`));
    const all = ['<begin>', 'one', 'two', 'three', 'half a line', '<end>'];

    it('with what came since, line by line', async () => {
      const heard = await hear(undefined);
      expect(told(heard)).to.deep.equal(all);
      expect(told(await hear(heard[1]?.id))).to.deep.equal(all.slice(2));
      expect(told(await hear(heard[3]?.id, '?lines=0'))).to.deep.equal(all.slice(4));
      expect(heard[4]?.id, 'a line that may go on').to.equal(undefined);
    });

    it('with nothing, 204, where all was told, which ends the EventSource of a browser', async () => {
      const end = (await hear(undefined)).at(-1)?.id ?? '';
      const again = { url: logOf(id, '/stream'), headers: { 'last-event-id': end } };
      for (let n = 0; n < 60; n++) {
        const answer = await hasty.send(again);
        expect([answer.statusCode, answer.body], `there is room for the ${n}th`).to.deep.equal([204, '']);
      }
      const document = (await hasty.send('/openapi.json')).json<object>();
      const { get } = (document as { paths: Record<string, { get: object }> }).paths[
        logOf(0, '/stream').replace('0', '{id}')
      ]!;
      expect(get).to.have.nested.property('responses.204').that.has.all.keys('description');
      expect(told(await hear(end.replace('-end', ''))), 'the end itself was not told').to.include('<end>');
      appendFileSync(path, ' goes on\nmore\n');
      const longer = [...all.slice(0, 4), 'half a line goes on', 'more', '<end>'];
      expect(told(await hear(end)), 'a late line').to.deep.equal(longer);
    });

    it('as long as its task runs, though an end was told', async () => {
      const end = (await hear(undefined)).at(-1)?.id ?? '';
      const write = (status: number): Promise<unknown> =>
        database.write([database.knex('pipeline_task').where({ id }).update({ status })]);
      await write(0);
      const before = clock.sleptMs;
      const heard = hear(end);
      await eventually('its log is followed', () => clock.sleptMs > before);
      await write(1);
      expect(told(await heard)).to.include('<end>');
    });

    it('no more where its task is gone', async () => {
      const gone = await taskWithLog('logs/again.log', 0);
      const before = clock.sleptMs;
      const answer = hasty.send(logOf(gone, '/stream'));
      await eventually('its log is followed', () => clock.sleptMs > before);
      await database.write([database.knex('pipeline_task').where({ id: gone }).delete()]);
      expect((await within(2_000, answer, () => 'it is followed for ever')).body).not.to.contain('event: end');
    });

    it('across files that were put aside, and anew where its place is gone', async () => {
      writeFileSync(path, 'one\ntwo\n');
      const place = (await hear(undefined))[1]?.id;
      renameSync(path, `${path}.1`);
      writeFileSync(path, 'three\n');
      expect(told(await hear(place))).to.deep.equal(['two', 'three', '<end>']);
      unlinkSync(`${path}.1`);
      expect(told(await hear(place))).to.deep.equal(['<begin>', 'three', '<end>']);
      for (const strange of ['', '-end', '1-2-3', 'x'.repeat(10_000), '../../secret.txt'])
        expect(told(await hear(strange)), strange.slice(0, 20)).to.deep.equal(['<begin>', 'three', '<end>']);
    });
  });
});
