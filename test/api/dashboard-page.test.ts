import { appendFileSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { registerDashboard } from '../../src/api/server/register-dashboard.js';
import type { Database } from '../../src/database/database.js';
import { AlertStore } from '../../src/database/operations/alert-store.js';
import { EndpointStore, type ReportedEndpoint } from '../../src/database/operations/endpoint-store.js';
import { DeadLetterStore } from '../../src/database/sinks/dead-letter-store.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { MessageData } from '../../src/model/event-message.js';
import { pipelineSilent } from '../../src/tasks/alerts/alert-conditions.js';
import { insertSilentTask } from '../database/insert-silent-task.js';
import { seriousFindings, startBrowser, watchPage, withChromium } from '../support/chromium.js';
import { openMigrated } from '../support/migrated-database.js';
import { makeEvent, storeLogs } from '../support/stored-logs.js';
import { startStrippingProxy } from '../support/stripping-proxy.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testApi, type TestApi } from './api-fixture.js';

const token = 'a-token-that-is-long-enough';
/** How long a page may take for what is no promise: a busy machine draws it late. */
const pageMs = 60_000;
const calls = '**/api/v1/**';
const longName = 'a_name_without_any_space_that_is_far_wider_than_a_phone_'.repeat(4);
const endless = (): Promise<never> => new Promise(() => undefined);

withChromium('the page of the dashboard', () => {
  let browser: Browser;
  let context: BrowserContext;
  let database: Database;
  let api: TestApi;
  let base: string;
  let page: Page;
  let wrongs: readonly string[];
  /** What a read of the database waits for, and may throw. */
  let gate: () => Promise<void>;

  before(async () => {
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
  });

  beforeEach(async () => {
    database = await openMigrated(`sqlite:${temporaryFolder()}/test.db`);
    gate = () => Promise.resolve();
    await serve();
    context = await browser.newContext({ locale: 'en-US' });
    page = await newPage();
  });
  afterEach(async () => {
    gate = () => Promise.reject(new Error('over'));
    await context.close();
    await api.app.close();
    await database.close();
  });

  async function serve(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const read: Database['read'] = async (query) => {
      await gate();
      return database.read(query);
    };
    const held = new Proxy(database, {
      get: (target, key) => {
        const value: unknown = key === 'read' ? read : Reflect.get(target, key, target);
        return typeof value === 'function' && key !== 'knex' ? (value.bind(target) as unknown) : value;
      },
    });
    api = testApi(held, env);
    registerDashboard(api.app);
    base = `${await api.app.listen({ host: '127.0.0.1', port: 0 })}/`;
  }

  async function newPage(): Promise<Page> {
    const opened = await context.newPage();
    opened.setDefaultTimeout(pageMs);
    wrongs = watchPage(opened);
    return opened;
  }

  const go = (path: string, of = page): Promise<unknown> => of.goto(base + path);
  const text = (selector: string, of = page): Promise<string | null> => of.textContent(selector);
  const see = (selector: string, of = page): Promise<unknown> => of.waitForSelector(selector);
  const marks = (): Promise<readonly string[]> =>
    page.evaluate(`[...document.querySelectorAll('.checks .check')].map((check) => check.dataset.ok)`);

  async function store(id: number, name: string, sinks: readonly object[] = []): Promise<void> {
    const source = {
      ...{ name: 'source', type: 'event_monitor', chain_name: 'ethereum', abi_path: 'builtin:erc20' },
      ...{ contract_address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', mode: 'realtime' },
    };
    const answer = await api.post('/api/v1/pipeline/config', { id, name, components: [source, ...sinks] });
    expect(answer.statusCode, answer.body).to.equal(201);
  }

  const progress = { mode: 'realtime', nextBlock: 10, targetBlock: null, headBlock: 12, events: 4711 };

  /** Inserts a running task; returns its id. */
  async function run(pipelineId: number, silentSeconds: number, row: object = {}): Promise<number> {
    const of = { pipeline_id: pipelineId, progress: JSON.stringify(progress), heartbeat_interval: 30, ...row };
    return insertSilentTask(database, silentSeconds, of);
  }

  describe('where the database is gone', () => {
    beforeEach(async () => {
      await store(45, 'transfers');
      await run(45, 1);
      await go('');
      await see('.sentence:text("The running task beats.")');
      expect(new Set(await marks()))
        .to.include('true')
        .and.not.to.include('unknown');
    });

    it('says nothing good any more, is pale, and neither time nor a reload makes what it shows younger', async () => {
      gate = () => Promise.reject(new Error('it is gone'));
      await see('.link-state[data-state=trouble]');
      await see('.sentence:text("How things are now is unknown.")');
      expect(await marks()).to.deep.equal(['false', 'unknown', 'unknown', 'unknown', 'unknown']);
      expect(await text('.urgent .alerts + .none')).to.equal('unknown');
      expect(Number(await page.evaluate(`getComputedStyle(document.querySelector('.page')).opacity`))).to.be.below(1);
      const told = await text('.banner');
      expect(told).to.match(
        /^The server can’t read its database: it is gone\. What you see is as of \d\d:\d\d:\d\d UTC\.$/,
      );
      await page.waitForTimeout(3_000);
      gate = () => Promise.reject(new Error('it is really gone'));
      await see('.banner:text("it is really gone")');
      expect(await text('.banner')).to.equal(told?.replace('it is gone', 'it is really gone'));

      const again = await newPage();
      // Of a computer whose clock is wrong by hours.
      await again.addInitScript('{ const now = Date.now; Date.now = () => now() - 7 * 3_600_000; }');
      await go('', again);
      await see('.link-state[data-state=trouble]', again);
      await see('.pipelines .row', again);
      const asOf = (line: string | null): number => Date.parse(`2024-01-15T${/\d\d:\d\d:\d\d/.exec(line ?? '')?.[0]}Z`);
      expect(asOf(await text('.banner', again))).to.be.closeTo(asOf(told), 2_000);
      expect(Number(/\d+/.exec((await text('.pipelines .row .cell-beat .number', again)) ?? '')?.[0])).to.be.above(3);

      gate = () => Promise.resolve();
      await see('.link-state[data-state=live]');
      await see('.sentence:text("The running task beats.")');
      expect(await page.locator('.banner').isVisible()).to.equal(false);
      expect(wrongs).to.deep.equal([]);
    });

    it('is called live again by a page that comes back only once the server has told what is so', async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      gate = () => released;
      api.app.server.closeAllConnections();
      await see('.link-state[data-state=lost]');
      await see('.link-state:not([data-state=lost])');
      expect(await page.getAttribute('.link-state', 'data-state')).to.equal('trouble');
      release();
      await see('.link-state[data-state=live]');
      api.app.server.closeAllConnections();
      await see('.link-state[data-state=lost]');
      await see('.link-state[data-state=live]');
    });

    it('waits no longer than some seconds for one that is frozen', async () => {
      gate = endless;
      await page.waitForSelector('.banner:text("no answer within 5 s")', { timeout: 9_000 });
      expect((await marks())[0]).to.equal('false');
    });

    it('is asked again for the events that it could not tell once it is back', async () => {
      const events = Array.from({ length: 30 }, (_, i) => makeEvent({ blockNumber: i + 1 }));
      await storeLogs(database, 45, { events });
      await go('#/pipeline/45');
      await see('.events-table tbody tr >> nth=24');
      gate = () => Promise.reject(new Error('it is gone'));
      await see('.link-state[data-state=trouble]');
      const error = '.panel:has(.events-table) .form-error';
      expect(await text(error)).to.equal('');
      await page.click('.panel:has(.events-table) .pager button');
      await see(`${error}:not(:empty)`);
      gate = () => Promise.resolve();
      await see('.events-table tbody tr >> nth=29');
      expect(await text(error)).to.equal('');
    });

    it('says of no list that it is empty which it can’t read', async () => {
      gate = () => Promise.reject(new Error('it is gone'));
      await see('.link-state[data-state=trouble]');
      for (const path of ['#/alerts', '#/workers']) {
        await go(path);
        await see('.form-error:not(:empty)');
        expect(await page.locator('main .none').isVisible(), path).to.equal(false);
      }
      gate = () => Promise.resolve();
      await see('main .none:text("No worker runs")');
      await go('#/alerts');
      await see('main .none:text("No alert stands.")');
    });
  });

  it('makes no silence shorter by the time that its computer slept, whether or not its connection outlived that', async () => {
    await store(45, 'transfers');
    await run(45, 600);
    await page.addInitScript(`{
      const count = performance.now.bind(performance);
      performance.now = () => count() - (globalThis.slept ?? 0);
    }`);
    await go('');
    await see('.pipelines .row .cell-beat :text("10 min")');
    await page.evaluate('globalThis.slept = 300_000; document.dispatchEvent(new Event("visibilitychange"))');
    await see('.pipelines .row .cell-beat :text("10 min")');
    const anew = page.waitForRequest((asked) => /live$/.test(asked.url()) && !('last-event-id' in asked.headers()));
    await page.evaluate('globalThis.slept = 500_000');
    api.app.server.closeAllConnections();
    await anew;
    await see('.pipelines .row .cell-beat :text("10 min")');
    expect(wrongs).to.deep.equal([]);
  });

  it('reads again what it could not while the server was away', async () => {
    await store(45, 'transfers');
    const id = await run(45, 1);
    for (const [path, there] of [
      ['#/pipeline/45', '.page-title:text("transfers")'],
      [`#/task/${id}`, `.page-title:text("Task ${id}")`],
      ['#/api', '.api-docs details'],
    ] as const) {
      const opened = await newPage();
      await opened.route(calls, (route) => route.abort());
      await opened.route('**/docs', (route) => route.abort());
      await go(path, opened);
      await see('main :text("The server can’t be reached.")', opened);
      await opened.unroute(calls);
      const busy = { status: 429, contentType: 'application/problem+json', body: '{"detail":"too many requests"}' };
      await opened.route('**/api/v1/pipeline/**', (route) => route.fulfill(busy));
      if (path !== '#/api') await see('main :text("too many requests")', opened);
      await opened.unroute('**/api/v1/pipeline/**');
      await opened.unroute('**/docs');
      await see(there, opened);
      await opened.close();
    }
  });

  it('shows a pipeline whose running task has no progress yet, and how far its source is behind once it has', async () => {
    await store(45, 'transfers');
    const id = await run(45, 1, { progress: null });
    await go('#/pipeline/45');
    await see('.graph .node-component .node-live:text("–")');
    expect(await text('.page-title')).to.equal('transfers');
    const moved = database
      .knex('pipeline_task')
      .where({ id })
      .update({ progress: JSON.stringify(progress) });
    await database.write([moved]);
    await see('.graph .node-component .node-live:text("2 blocks")');
    expect(wrongs).to.deep.equal([]);
  });

  it('shows a pipeline by the definition that has taken the place of another', async () => {
    await store(45, 'transfers');
    await go('#/pipeline/45');
    await see('h1:text("transfers")');
    await see('.link-state[data-state=live]');
    const { components } = await api.get('/api/v1/pipeline/config/45');
    const answer = await api.post('/api/v1/pipeline/45', { name: 'renamed', components }, 'PUT');
    expect(answer.statusCode, answer.body).to.equal(200);
    await see('h1:text("renamed")');
    await see('[data-action=start]');
    await database.write([database.knex('pipeline').where({ id: 45 }).update({ disabled: 1 })]);
    await page.waitForSelector('[data-action=start]', { state: 'hidden' });
    // Nothing of a list of pipelines changes with these.
    for (const description of ['about', 'about more']) {
      const again = await api.post('/api/v1/pipeline/45', { name: 'renamed', description, components }, 'PUT');
      expect(again.statusCode, again.body).to.equal(200);
      await see(`.page-head p:text-is("${description}")`);
    }
    expect(wrongs).to.deep.equal([]);
  });

  it('tells what the receiver of a sink refuses for good, and has that tried again, or dropped', async () => {
    await store(45, 'transfers', [{ name: 'hook', type: 'webhook_sink', url: 'https://example.com/' }]);
    await api.post('/api/v1/pipeline/45/sinks/hook/pause');
    const letters = new DeadLetterStore(database);
    const bury = async (blockNumber: number, error: string): Promise<void> => {
      const { blockHash, timestamp, contractAddress, transactionHash, ...at } = makeEvent({ blockNumber });
      const place = { ...{ chainId: 1, blockNumber, blockHash, timestamp, contractAddress, transactionHash }, ...at };
      const of = {
        id: `1:${blockNumber}`,
        op: 'insert',
        seq: 4_096,
        rank: 4_096,
        place,
        data: MessageData.ofText('{}'),
      } as const;
      const message = { ...of, eventName: 'Transfer', eventSignature: 'Transfer()' };
      await database.write([letters.keep({ pipelineId: 45, sink: 'hook' }, { message, attempts: 10, error })]);
    };
    for (let block = 1_001; block <= 1_021; block++) await bury(block, '400: <b>not this one</b>');
    await go('#/pipeline/45');
    let show = (): void => undefined;
    const mayShow = new Promise<void>((resolve) => (show = resolve));
    await page.route('**/dead-letters?*', (route) => mayShow.then(() => route.continue()));
    await page.click('summary:text("21 dead letters")');
    await see('.letters button:text("Try all again")');
    expect(await page.isVisible('.letters button:text("Drop these")')).to.equal(false);
    show();
    await see('.letters li >> nth=19');
    expect(await text('.letters li')).to.equal(
      'Transfer in block 1,001, refused after 10 tries400: <b>not this one</b>',
    );
    await see('.letters p:text("The oldest 20 of 21 are shown.")');
    await page.press('.letters button:text("Drop these")', 'Enter');
    await see('dialog');
    await page.keyboard.press('Escape');
    await see('.letters button:text("Drop these"):focus');
    await page.keyboard.press('Enter');
    await page.click('dialog .button-danger');
    await see('summary:text-is("1 dead letter")');
    await see('.letters li:only-child:has-text("block 1,021")');
    await page.click('.letters button:text("Try all again")');
    await see('.toast-info:text("1 dead letter is tried again.")');
    expect(await letters.firstDue({ pipelineId: 45, sink: 'hook' })).to.include({ attempts: 10 });
    expect(await seriousFindings(page)).to.deep.equal([]);
    await letters.drop({ pipelineId: 45, sink: 'hook' }, 'all');
    await page.waitForSelector('.letters', { state: 'hidden' });
    expect(wrongs).to.deep.equal([]);
  });

  it('says of a pipeline and of tasks that are deleted that there are none, and asks for them no more', async () => {
    await store(45, 'transfers');
    const running = await run(45, 1);
    const ended = await run(45, 90, { status: 1, end_reason: 'completed', end_time: '2024-01-15 10:00:00' });
    const pages = { pipeline: page, running: await newPage(), ended: await newPage() };
    await go('#/pipeline/45', pages.pipeline);
    await go(`#/task/${running}`, pages.running);
    await go(`#/task/${ended}`, pages.ended);
    for (const each of Object.values(pages)) await see('.pill .state', each);
    expect((await api.post('/api/v1/pipeline/45/stop')).statusCode).to.equal(200);
    expect((await api.post('/api/v1/pipeline/45', undefined, 'DELETE')).statusCode).to.equal(200);
    await see('.sentence:text("There is no pipeline 45.")', pages.pipeline);
    await see(`.sentence:text("There is no task ${running}.")`, pages.running);
    await see(`.sentence:text("There is no task ${ended}.")`, pages.ended);
    const asked: string[] = [];
    for (const each of Object.values(pages)) {
      expect(await each.locator('main button').count()).to.equal(0);
      each.on('request', (request) => asked.push(request.url()));
    }
    // Longer than any of the pages waits until it asks again.
    await page.waitForTimeout(11_000);
    expect(asked).to.deep.equal([]);
    expect(wrongs).to.deep.equal([]);
  });

  it('lets no name blind it', async () => {
    await store(45, 'transfers');
    await store(46, 'others');
    const { knex } = database;
    await database.write([knex('pipeline').where({ id: 45 }).update({ name: 'a\u2028b\u2029c' })]);
    await go('');
    await see('.row-link[href="#/pipeline/46"]:text("others")');
    expect(await text('.row-link[href="#/pipeline/45"]')).to.equal('a\u2028b\u2029c');
    expect(await text('.link-state')).to.equal('Live');
  });

  it('says so where it can’t read what the server tells, and never that there is nothing', async () => {
    await store(45, 'transfers');
    const id = 'id: x-1\n';
    for (const events of [
      `${id}event: all\ndata: {"set":{"pipeline:45":\n\n`,
      // A change is not all that there is.
      `${id}event: change\ndata: {"set":{},"drop":[]}\n\n`,
    ]) {
      const opened = await newPage();
      await opened.route('**/api/v1/live', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: events }),
      );
      await go('', opened);
      await see('.link-state[data-state=lost]', opened);
      expect(await text('.pipelines .none', opened)).to.equal('Loading');
      expect(await text('main', opened)).not.to.match(/There is no pipeline|No alert stands|Nothing runs/);
      if (events.includes('event: all')) expect(await text('.banner', opened)).to.match(/that this page can’t read/);
      await opened.unroute('**/api/v1/live');
      await see('.pipelines .row-link:text("transfers")', opened);
      await opened.close();
    }
  });

  it('knows how silent tasks are of which the stream does not tell, and what may be done about their pipelines', async function () {
    const { knex, dialect } = database;
    const ids = Array.from({ length: 449 }, (_, i) => i + 1);
    const created = dialect.now(knex);
    await store(450, 'pipe-450');
    await database.write(
      ids.flatMap((id) => [
        knex('pipeline').insert({ id, name: `pipe-${id}`, disabled: false, create_time: created }),
        knex('pipeline_task').insert({
          ...{ pipeline_id: id, status: 0, create_time: created, log_path: '', heartbeat_interval: 30 },
          last_heartbeat: dialect.secondsAgo(knex, 600),
        }),
      ]),
    );
    const last = await run(450, 300);
    await go('');
    await see('.sentence:text("450 of 450 running tasks are silent.")');
    await see('.pipelines .none:text("250 more pipelines are not shown here")');
    await go(`#/task/${last}`);
    await see('.pill[data-level=silent]');
    await go('#/tasks?status=running');
    await see('.row-attempt');
    expect(await page.locator('.row-attempt:not([data-level=silent])').count()).to.equal(0);
    await go('#/pipeline/450');
    await see('.pill[data-level=silent]');
    const isVisible = (action: string): Promise<boolean> => page.locator(`[data-action=${action}]`).isVisible();
    expect(await isVisible('start')).to.equal(false);
    expect([await isVisible('pipeline-start'), await isVisible('pipeline-stop')]).to.deep.equal([true, true]);
    const { components } = await api.get('/api/v1/pipeline/config/450');
    const changed = { name: 'pipe-450', description: 'about', components };
    expect((await api.post('/api/v1/pipeline/450', changed, 'PUT')).statusCode).to.equal(200);
    await see('.page-head p:text-is("about")');
    await go('#/tasks');
    await page.fill('#filter-pipeline', 'Pipe-450');
    await page.press('#filter-pipeline', 'Enter');
    await see('.row-attempt:only-child');
    expect(await text('.row-attempt a')).to.equal(`Task ${last}`);
    expect(wrongs).to.deep.equal([]);
  });

  it('leaves connections to other pages of its browser while nobody looks at it, and is told then what it has missed', async () => {
    const look = (of: Page, isSeen: boolean): Promise<unknown> =>
      of.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${!isSeen} });
        document.dispatchEvent(new Event('visibilitychange'))`,
      );
    // A browser opens six connections to one server.
    const others = await Promise.all(Array.from({ length: 6 }, newPage));
    for (const other of others) {
      await go('', other);
      await see('.link-state[data-state=live]', other);
      await look(other, false);
    }
    await go('#/workers');
    await see('main .none:text("No worker runs")');
    await see('.link-state[data-state=live]');
    // It is let go, and not lost.
    await see('.link-state[data-state=connecting]', others[0]);
    await store(45, 'transfers');
    for (const other of others) {
      await look(other, true);
      await see('.pipelines .row-link:text-is("transfers")', other);
      await see('.link-state[data-state=live]', other);
      await look(other, false);
    }
    expect(wrongs).to.deep.equal([]);
  });

  it('shows all alerts that stand on their page, what pipelines need by each of them, and how many the overview leaves out', async () => {
    await store(45, 'transfers');
    await run(45, 1);
    const alerts = new AlertStore(database);
    const raise = (rule: 'lag' | 'rpc_unreachable', subject: string, pipelineId: number | null): Promise<unknown> => {
      const condition = { rule, subject, message: subject, taskId: null, pipelineId, details: {} };
      return alerts.raise(condition, { worker: 'w', repeatSeconds: 60, openSeconds: 0 });
    };
    await raise('lag', 'pipeline 45', 45);
    for (let chain = 1; chain <= 60; chain++) await raise('rpc_unreachable', `chain ${chain}`, null);
    await go('');
    await see('.pipelines .row[data-need=behind]');
    await see('.urgent .none:text("The 50 newest of 61 that stand are shown.")');
    expect(await page.locator('.alert').count()).to.equal(50);
    await go('#/alerts');
    await see('.alert >> nth=60');
    expect(await page.locator('.alert[data-state=open]').count()).to.equal(61);
    expect(await page.locator('main .none').isVisible()).to.equal(false);
  });

  it('says of a running pipeline that its contract has no code', async () => {
    await store(45, 'transfers');
    await run(45, 1, { progress: JSON.stringify({ ...progress, withoutCode: ['0xAbC'] }) });
    await go('');
    await see('.pipelines .row[data-need=trouble]:has-text("No contract on the chain at 0xAbC")');
  });

  it('shows each line of a log once, whether or not its connection breaks meanwhile', async () => {
    await store(45, 'transfers');
    mkdirSync(join(api.parts.cwd, 'logs'));
    const log = join(api.parts.cwd, 'logs/x.log');
    writeFileSync(log, 'one\ntwo\n');
    const id = await run(45, 1, { log_path: 'logs/x.log' });
    await go(`#/task/${id}`);
    await see('.log-text:text("two")');
    api.app.server.closeAllConnections();
    appendFileSync(log, 'three\n');
    await see('.log-text:text("three")');
    expect(await page.locator('.log-text').allTextContents()).to.deep.equal(['one', 'two', 'three']);
    api.app.server.closeAllConnections();
    unlinkSync(log);
    writeFileSync(log, 'another\n');
    await see('.log-text:text("another")');
    expect(await page.locator('.log-text').allTextContents()).to.deep.equal(['another']);
  });

  it('shows the log of a task that waits once it has begun', async () => {
    await store(45, 'transfers');
    mkdirSync(join(api.parts.cwd, 'logs'));
    const id = await run(45, 1, { status: 3, progress: null, log_path: null });
    await go(`#/task/${id}`);
    await see('.log-note:text("The log begins with the task.")');
    const begun = { status: 0, log_path: 'logs/x.log' };
    await database.write([database.knex('pipeline_task').where({ id }).update(begun)]);
    await see('.log-note:text("There is no log here")');
    writeFileSync(join(api.parts.cwd, 'logs/x.log'), 'one\n');
    await see('.log-text:text("one")');
  });

  it('shows no events any more once all of them were taken back', async () => {
    await store(45, 'transfers');
    const id = await storeLogs(database, 45, { events: [makeEvent({ blockNumber: 1 })] });
    await go('#/pipeline/45');
    await see('.events-table tbody tr');
    const moved = JSON.stringify({ ...progress, events: 4712 });
    await database.write([
      database.knex('event').delete(),
      database.knex('pipeline_task').where({ id }).update({ progress: moved }),
    ]);
    await see('.none:text("No event fits.")');
  });

  it('is whole behind a proxy that shows it below a prefix', async () => {
    await store(45, 'transfers');
    mkdirSync(join(api.parts.cwd, 'logs'));
    writeFileSync(join(api.parts.cwd, 'logs/x.log'), 'a line of the log\n');
    const id = await run(45, 1, { log_path: 'logs/x.log' });
    const proxy = await startStrippingProxy(base, '/chain/');
    base = proxy.base;
    try {
      await go('');
      await see('.link-state[data-state=live]');
      await see('.sentence:text("The running task beats.")');
      await go('#/api');
      await see('.api-docs summary');
      await expectDownload('.api-docs a[href="openapi.json"]', 'openapi.json');
      await go('#/pipeline/45');
      await expectDownload('button:text("JSONL")', 'pipeline-45-events.jsonl');
      await go(`#/task/${id}`);
      await see('.log-text:text("a line of the log")');
      await page.click('[data-action=cancel]');
      await page.click('dialog .button-danger');
      await see(`.toast-info:text("Task ${id} is cancelled.")`);
      await page.goto(`${base}docs`);
      await see('summary');
      // The page of the documentation names no icon: browsers look for one by themselves.
      expect(proxy.strays.filter((path) => path !== '/favicon.ico')).to.deep.equal([]);
      expect(wrongs).to.deep.equal([]);
    } finally {
      proxy.close();
    }
  });

  async function expectDownload(selector: string, name: string): Promise<void> {
    const [file] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
    expect(file.suggestedFilename()).to.equal(name);
  }

  it('says of a log outside of the server’s folder how to serve it, in the language that is shown', async () => {
    await store(45, 'transfers');
    const id = await run(45, 1, { log_path: 'logs-sqlite/x.log', worker: `${hostname()}:12237` });
    const noteIn = async (locale: string): Promise<string | null> => {
      const other = await browser.newContext({ locale });
      const opened = await other.newPage();
      await go(`#/task/${id}`, opened);
      await see('.log-note:text("--log-dir")', opened);
      const note = await text('.log-note', opened);
      await other.close();
      return note;
    };
    expect(await noteIn('en-US')).to.contain('outside of the log folder of this server');
    expect(await noteIn('zh-CN')).to.contain('日志文件夹之外');
  });

  it('shows no heartbeat of the future as a sign of life', async () => {
    await store(45, 'transfers');
    const id = await run(45, -3_540);
    await go('');
    await see('.sentence:text("Whether 1 of 1 running tasks beats is unknown.")');
    await see('.pipelines .row[data-level=unknown] .number:text("58 min ahead")');
    await see('.running .row[data-level=unknown] .meter-age:text("58 min ahead")');
    await go(`#/task/${id}`);
    await see('.pill[data-level=unknown] .state:text("unknown")');
  });

  it('knows no lag of a run that has never reached its node', async () => {
    await store(45, 'transfers');
    await run(45, 1, { worker: 'here:1', progress: null });
    const away: ReportedEndpoint = {
      ...{ name: 'node.example', state: 'resting', headMs: null, logsMs: null, errorRate: 1, inFlight: 0 },
      ...{ maxInFlight: null, maxPerSecond: null, newestBlock: null, requests: 4, failures: 4 },
      ...{ lastError: 'connect ECONNREFUSED', lastErrorSeconds: 20 },
    };
    await new EndpointStore(database).report({ session: 'a', chainId: 1, worker: { name: 'here:1', identity: null } }, [
      away,
    ]);
    await go('');
    await see('.pipelines .row .cell-lag .number:text("unknown since")');
    await see('.fact[data-level=silent] dd:text("unknown")');
  });

  it('says at once that a lag is unknown, then which alert is open and how many pipelines are healthy', async () => {
    await store(45, 'transfers');
    await store(46, 'swaps');
    await run(45, 1, { worker: 'here:2' });
    await run(46, 1, { worker: 'here:1', progress: JSON.stringify({ ...progress, nextBlock: 13 }) });
    const node: ReportedEndpoint = {
      ...{ name: 'node.example', state: 'healthy', headMs: 5, logsMs: null, errorRate: 0, inFlight: 0 },
      ...{ maxInFlight: null, maxPerSecond: null, newestBlock: 12, requests: 4, failures: 0 },
      ...{ lastError: null, lastErrorSeconds: null },
    };
    const report = (endpoint: ReportedEndpoint): Promise<unknown> => {
      const worker = { name: 'here:1', identity: null };
      return new EndpointStore(database).report({ session: 'a', chainId: 1, worker }, [endpoint]);
    };
    await report(node);
    await go('');
    await see('.sentence:text("All 2 running tasks beat.")');
    await see('.row .cell-lag .number:text("at the head")');
    await report({ ...node, state: 'failing', muteSeconds: 6 });
    await see('.row .cell-lag .number:text("unknown since")');
    await see('.sentence:text("The lag of a running task is unknown. 1 of 2 pipelines healthy.")');
    expect(await page.locator('main :text("at the head")').count()).to.equal(0);
    const about = { rule: 'rpc_unreachable', subject: 'chain ethereum', message: 'it is away' } as const;
    const condition = { ...about, taskId: null, pipelineId: null, details: { chain: 'ethereum' } };
    await new AlertStore(database).raise(condition, { worker: 'w', repeatSeconds: 60, openSeconds: 0 });
    await see('.sentence:text-matches("^1 alert open: ethereum node unreachable since ")');
    expect(await text('.sentence')).to.match(/ since [\d-]* ?\d\d:\d\d.*\. 1 of 2 pipelines healthy\.$/);
  });

  it('fits a phone, whatever a pipeline is called', async () => {
    await store(45, longName);
    const id = await run(45, 1);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of [`#/task/${id}`, '#/pipeline/45', '#/']) {
      await go(path);
      await see(`main :text("${longName}")`);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth'), path).to.be.at.most(390);
    }
  });

  it('fits every window, a zoomed one too, has the theme that was chosen, and is dark on white where it is printed', async () => {
    await store(45, 'transfers');
    const id = await run(45, 1);
    await run(45, 60, { status: 2, end_reason: 'failed', error: 'it broke', end_time: '2024-01-15 10:00:00' });
    for (const [path, there] of [
      ['#/', '.running .row'],
      ['#/tasks', '.row-attempt >> nth=1'],
      [`#/task/${id}`, '.row-attempt >> nth=1'],
      ['#/pipeline/45', '.row-attempt >> nth=1'],
    ] as const) {
      await go(path);
      await see(there);
      for (const width of [1_241, 1_240, 1_120, 881, 880, 768, 721]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = `[...document.querySelectorAll('.panel')].flatMap((panel) => {
          const { right } = panel.getBoundingClientRect();
          return [...panel.querySelectorAll('.cell')].filter((cell) => cell.getBoundingClientRect().right > right);
        }).map((cell) => cell.className)`;
        expect(await page.evaluate(wide), `${path} at ${width}`).to.deep.equal([]);
      }
    }
    const ink = (): Promise<unknown> => page.evaluate(`getComputedStyle(document.documentElement).color`);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ink(), 'as the system').to.equal('rgb(233, 236, 238)');
    await page.evaluate(`document.documentElement.dataset.theme = 'light'`);
    expect(await ink(), 'light in a dark system').to.equal('rgb(22, 25, 28)');
    await page.evaluate(`document.documentElement.dataset.theme = 'dark'`);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await ink(), 'dark in a light system').to.equal('rgb(233, 236, 238)');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await ink(), 'printed').to.equal('rgb(22, 25, 28)');
  });

  it('has nothing that shuts people out where much is wrong, light and dark', async () => {
    await store(45, 'transfers');
    const overdue = await run(45, 2 * 3_600, { timeout_minutes: 60 });
    await run(45, 200);
    await run(45, 2 * 3_600, { status: 2, end_reason: 'timeout', end_time: '2024-01-15 10:00:00' });
    await run(45, 60, { status: 2, end_reason: 'failed', error: 'it broke', end_time: '2024-01-15 10:00:00' });
    const silent = pipelineSilent(await new TaskStore(database).get(overdue), 'transfers');
    await new AlertStore(database).raise(silent, { worker: 'w', repeatSeconds: 60, openSeconds: 0 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [path, ready] of [
        ['#/', '.overview .row[data-level=overdue] .meter-limit'],
        [`#/task/${overdue}`, '.row[data-level=overdue] .row-about'],
        ['#/tasks', '.row[data-level=timeout] .row-about'],
        ['#/pipeline/45', '.row[data-level=overdue]'],
        ['#/alerts', '.alert .alert-message'],
        ['#/workers', '.panel'],
        ['#/api', '.api-docs details'],
      ] as const) {
        await go(path);
        await see(ready);
        expect(await seriousFindings(page), `${colorScheme} ${path}`).to.deep.equal([]);
      }
    }
    expect(wrongs).to.deep.equal([]);
  });

  it('goes on asking for the token, however often its question is waved away', async () => {
    await api.app.close();
    await serve({ CHAINPARSE_API_TOKEN: token });
    await go('');
    await see('#token');
    for (let times = 0; times < 4; times++) await page.keyboard.press('Escape');
    await page.fill('#token', token);
    await page.press('#token', 'Enter');
    await see('.sentence:text("Nothing runs.")');
  });

  it('takes a token that no header can carry for a wrong one', async () => {
    await api.app.close();
    await serve({ CHAINPARSE_API_TOKEN: token });
    await go('');
    await page.fill('#token', `“${token}”`);
    await page.click('.sign-in button');
    await see('.form-error:text("This is not the token that is set.")');
    await page.fill('#token', token);
    await page.click('.sign-in button');
    await see('.link-state[data-state=live]');
  });
});
