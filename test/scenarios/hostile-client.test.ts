import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect } from 'chai';
import type { Child } from '../support/child.js';
import { freePort } from '../support/free-port.js';
import { Scenario } from '../support/scenario.js';
import { eventually } from '../support/within.js';

const token = 'write-token-nobody-learns';
const readToken = 'read-token-of-somebody-hostile';
const rpcUrl = 'http://127.0.0.1:1/rpc-key-nobody-learns';

/** What no answer may tell: stacks, files, statements, keys. */
const secret =
  /node_modules|\.[jt]s:\d|\n\s+at |SQLITE_|\bselect\b.+\bfrom\b|\binsert into\b|\/tmp\/|root:x:|nobody-learns|hostile\.db/i;

const sql = ["1' OR '1'='1", '1; DROP TABLE pipeline_task; --', '1) UNION SELECT 1,2,3 --', '"', '\\', '%00', "';--"];

const traversals = [
  ...['/../../../../etc/passwd', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/%252e%252e/%252e%252e/etc/passwd'],
  ...['/..%2f..%2f..%2fetc%2fpasswd', '/..%252f..%252fetc%252fpasswd', '/..%5c..%5cetc%5cpasswd', '//etc/passwd'],
  ...['/dashboard/../../package.json', '/....//....//etc/passwd', '/%c0%ae%c0%ae/etc/passwd', '/index.html%00.js'],
  '/api/v1/pipeline/task/..%2f..%2f/log',
  ...['/api/v1/pipeline/task/1/log?lines=../../etc/passwd', '/api/v1/pipeline/task/1/log?path=/etc/passwd'],
];

const rowsThatMustStay = ['pipeline', 'pipeline_task', 'event', 'monitor'];

describe('a hostile client', () => {
  let scenario: Scenario;
  let server: Child;
  let port: number;
  let friend: { readonly text: string; readonly socket: Socket };
  let rowsBefore: string;
  const answers: string[] = [];

  before(async function () {
    this.timeout(60_000);
    const tokens = { CHAINPARSE_API_TOKEN: token, CHAINPARSE_API_READ_TOKEN: readToken };
    scenario = await Scenario.begin('sqlite:hostile.db', rpcUrl, { mode: 'realtime' }, tokens);
    insertTask();
    port = await freePort();
    server = scenario.start('serve', '--port', String(port));
    await server.output(/http:\/\/127/);
    friend = openStream();
    await eventually('a dashboard sees the task', () => friend.text.includes('"task_id":1,'));
    rowsBefore = rows();
  });
  after(async () => {
    friend.socket.destroy();
    await server.kill();
  });

  function open<T>(use: (database: SQLite.Database) => T): T {
    const database = new SQLite(join(scenario.folder, 'hostile.db'));
    try {
      return use(database);
    } finally {
      database.close();
    }
  }

  /** A running task whose log is said to be what nobody else shall read. */
  function insertTask(): void {
    open((database) =>
      database
        .prepare(
          `insert into pipeline_task (pipeline_id, create_time, status, log_path)
           values (45, datetime('now'), 0, '../../../../../../../../etc/passwd')`,
        )
        .run(),
    );
  }

  function rows(): string {
    return open((database) => {
      const names = database.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[];
      const kept = names.filter((name) => rowsThatMustStay.includes(name) || name.startsWith('classification'));
      expect(kept).to.include.members(['pipeline_task']);
      return JSON.stringify(kept.map((name) => [name, database.prepare(`select * from "${name}"`).all()]));
    });
  }

  function dial(localAddress = '127.0.0.1'): Socket {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.on('error', () => undefined);
    return socket;
  }

  function head(method: string, path: string, lines: readonly string[] = []): string {
    const fixed = [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${readToken}`];
    return [...fixed, ...lines, '', ''].join('\r\n');
  }

  /** Sends bytes as they are; returns all that comes until the server hangs up. */
  async function send(bytes: string, from?: string): Promise<string> {
    const socket = dial(from);
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.write(bytes);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 8_000);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    socket.destroy();
    answers.push(text);
    return text;
  }

  const ask = (method: string, path: string, lines: readonly string[] = [], body = ''): Promise<string> =>
    send(head(method, path, ['Connection: close', ...lines]) + body);

  const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);

  function openStream(): { readonly text: string; readonly socket: Socket } {
    const stream = { text: '', socket: dial() };
    stream.socket.setEncoding('utf8').on('data', (part: string) => (stream.text += part));
    stream.socket.write(head('GET', '/api/v1/live'));
    return stream;
  }

  const residentMb = (): number =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1_024;

  it('reads no file outside, however it writes the way there', async () => {
    for (const path of traversals) {
      const answer = await ask('GET', path);
      expect(statusOf(answer), `${path}: ${answer.slice(0, 300)}`).to.be.within(400, 499);
    }
    const log = await ask('GET', '/api/v1/pipeline/task/1/log');
    expect(statusOf(log), log).to.be.within(400, 499);
  });

  it('puts no header into an answer, and no second request behind the first', async () => {
    for (const path of ['/%0d%0aX-Evil:%201', '/api/v1/pipeline/tasks?since=a%0d%0aX-Evil:%201', '/docs%0aX-Evil:1']) {
      expect(await ask('GET', path)).not.to.match(/^x-evil:/im);
    }
    const smuggled = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const lengths = ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Content-Type: application/json'];
    const answer = await ask('POST', '/api/v1/pipeline/start', lengths, `0\r\n\r\n${smuggled}`);
    expect(answer.match(/HTTP\/1\.1 \d/g) ?? []).to.have.length.at.most(1);
    expect(statusOf(answer)).to.be.within(400, 499);
    expect(statusOf(await ask('GET', '/api/v1/pipeline/tasks', ['X-A: b\rX-Evil: 1']))).to.be.within(400, 499);
    const elsewhere = head('GET', '/api/v1/pipeline/tasks', ['Connection: close']).replace('localhost', 'evil.example');
    expect(statusOf(await send(elsewhere))).to.equal(421);
  });

  it('fills no memory with bodies, headers or addresses', async () => {
    const json = 'Content-Type: application/json';
    const big = `"${'x'.repeat(3 * 1024 * 1024)}"`;
    for (const path of ['/api/v1/pipeline/start', '/api/v1/pipeline/config', '/api/v1/pipeline/transform/preview']) {
      const answer = await ask('POST', path, [json, `Content-Length: ${big.length}`], big);
      // Who hangs up while more is coming may reset what it has said.
      if (answer !== '') expect(statusOf(answer), path).to.be.within(400, 499);
      const chunk = `${big.length.toString(16)}\r\n${big}\r\n`;
      const chunked = await ask('POST', path, [json, 'Transfer-Encoding: chunked'], chunk);
      if (chunked !== '') expect(statusOf(chunked), path).to.be.within(400, 499);
    }
    expect(statusOf(await ask('GET', '/healthz', [`X-Long: ${'x'.repeat(100_000)}`]))).to.be.oneOf([0, 431]);
    expect(statusOf(await ask('GET', `/${'x'.repeat(100_000)}`))).to.be.oneOf([0, 414, 431]);
  });

  it('finds no parameter that is taken for SQL', async () => {
    const document = await ask('GET', '/openapi.json');
    answers.pop();
    const { paths } = JSON.parse(document.slice(document.indexOf('{'), document.lastIndexOf('}') + 1)) as Described;
    let asked = 0;
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const names = (methods[method]?.parameters ?? []).filter(({ in: place }) => place === 'query');
        const asks = sql.flatMap((text) => {
          const value = encodeURIComponent(text);
          const filled = path.replace(/\{\w+\}/g, value);
          const plain = path.replace(/\{\w+\}/g, '1');
          const urls = [...(filled === path ? [] : [filled]), ...names.map(({ name }) => `${plain}?${name}=${value}`)];
          return urls.map((url) => ask(method.toUpperCase(), url));
        });
        for (const answer of await Promise.all(asks)) expect(statusOf(answer), `${method} ${path}`).to.be.below(500);
        asked += asks.length;
      }
    }
    expect(asked).to.be.above(100);
  });

  it('holds the server up neither with slow requests nor with thousands of streams', async function () {
    this.timeout(30_000);
    const before = residentMb();
    const slow = await openSlowly(Math.min(3_000, connectionsToTry()));
    const drip = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('a')), 500).unref();
    await expectHealthy();
    const streams = await openStreams(connectionsToTry());
    await expectHealthy();
    const during = residentMb();
    clearInterval(drip);
    for (const socket of [...slow, ...streams.sockets]) socket.destroy();
    expect(streams.opened).to.be.within(1, 50);
    expect(answers.filter((answer) => answer.includes('TOO_MANY_STREAMS')).length).to.be.above(0);
    expect(during - before, 'MB that the streams took').to.be.below(200);
  });

  /** A third of them says nothing at all, the others begin to ask. */
  async function openSlowly(count: number): Promise<readonly Socket[]> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      // As many at a time as the system keeps for a server that has not come to take them.
      const batch = Array.from({ length: Math.min(250, count - sockets.length) }, () => dial());
      sockets.push(...batch);
      await Promise.all(batch.map((socket) => once(socket, 'connect')));
      for (const [i, socket] of batch.entries()) {
        if (i % 3 !== 0) socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ');
      }
    }
    return sockets;
  }

  /** From the address of the hostile client, as through a proxy, and from another. */
  async function expectHealthy(): Promise<void> {
    for (const from of ['127.0.0.1', '127.0.0.2']) {
      const answer = await send(head('GET', '/healthz', ['Connection: close']), from);
      expect(statusOf(answer), `/healthz from ${from}`).to.equal(200);
    }
  }

  async function openStreams(count: number): Promise<{ readonly sockets: readonly Socket[]; readonly opened: number }> {
    const sockets: Socket[] = [];
    let opened = 0;
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(500, count - sockets.length) }, dial);
      sockets.push(...batch);
      await Promise.all(
        batch.map(
          (socket) =>
            new Promise<void>((resolve) => {
              // The server says something, or hangs up.
              socket.once('data', (data: Buffer) => {
                if (data.toString('latin1').startsWith('HTTP/1.1 200')) opened++;
                else answers.push(data.toString('latin1'));
                resolve();
              });
              socket.once('close', () => resolve());
              socket.write(head('GET', '/api/v1/live'));
            }),
        ),
      );
    }
    return { sockets, opened };
  }

  /** 10,000, or as many as the files allow that this process may open. */
  function connectionsToTry(): number {
    const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
    const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
    return Math.min(10_000, Math.max(100, files - 1_000));
  }

  it('has harmed nothing and learnt nothing after all that', async () => {
    await eventually('a connection is taken again', async () => statusOf(await ask('GET', '/healthz')) === 200, 1_000);
    expect(residentMb()).to.be.below(500);
    expect(rows()).to.equal(rowsBefore);
    for (const answer of answers) expect(answer).not.to.match(secret);
    expect(answers.length).to.be.above(500);
    const bearer = { authorization: `Bearer ${token}` };
    const url = `http://127.0.0.1:${port}/api/v1/pipeline/task/1/cancel`;
    expect((await fetch(url, { method: 'POST', headers: bearer })).status).to.equal(200);
    await eventually('the dashboard hears of it', () => friend.text.includes('"end_reason":"stopped"'));
    expect(server.stderr).not.to.match(/ERR_|Unhandled|nobody-learns/);
  });
});

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters?: readonly { name: string; in: string }[] }>>>
  >;
}
