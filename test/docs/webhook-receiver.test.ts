import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { WebhookConfig } from '../../src/components/webhook-sink/config.js';
import { WebhookSink } from '../../src/components/webhook-sink/webhook-sink.js';
import { systemClock } from '../../src/runtime/clock.js';
import type { Clock } from '../../src/runtime/clock.js';
import { batchOf, sinkContext, sinkOpening, transferMessage } from '../components/sink-fixture.js';
import { HookServer } from '../support/hook-server.js';
import type { Hooked } from '../support/hook-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const text = readFileSync(join(import.meta.dirname, '../../docs/pipelines.md'), 'utf8');
const folder = temporaryFolder();
const secret = 'a secret of ours';

function block(holding: string, language: string): string {
  const blocks = [...text.matchAll(/```(\w+)\n(.*?)```/gs)];
  return blocks.find(([, each, code]) => each === language && code?.includes(holding))?.[2] ?? expect.fail(holding);
}

describe('a receiver as docs/pipelines.md has it', () => {
  let server: HookServer;

  before(async () => (server = await HookServer.start()));
  after(() => server.stop());

  const delivered = async (clock: Clock = systemClock): Promise<Hooked> => {
    const common = { event_name: [], delivery: 'latest', start: 'beginning', max_attempts: 10 } as const;
    const own = { url: server.url, secret, headers: {}, timeout: 10, max_body_bytes: 10_000, allow_private: true };
    const config: WebhookConfig = { ...common, event_name: [], ...own };
    const sink = new WebhookSink(config, sinkOpening({ clock }));
    await sink.deliver(batchOf([transferMessage(1)]), sinkContext());
    await sink.close();
    return server.got.pop() ?? expect.fail('nothing came');
  };
  const late: Clock = { ...systemClock, now: () => systemClock.now() - 301_000 };

  it('knows a genuine request in Node', async () => {
    const file = join(folder, 'genuine.mjs');
    writeFileSync(file, block('isGenuine', 'js'));
    const { isGenuine } = (await import(pathToFileURL(file).href)) as {
      readonly isGenuine: (headers: object, body: string | Buffer, secret: string) => boolean;
    };
    const { headers, body } = await delivered();
    expect(isGenuine(headers, body, secret)).to.equal(true);
    expect(isGenuine(headers, Buffer.from(body), secret)).to.equal(true);
    expect(isGenuine(headers, `${body} `, secret)).to.equal(false);
    expect(isGenuine(headers, body, 'another')).to.equal(false);
    expect(isGenuine({}, body, secret)).to.equal(false);
    const old = await delivered(late);
    expect(isGenuine(old.headers, old.body, secret)).to.equal(false);
  });

  it('knows a genuine request in Python', async function () {
    if (spawnSync('python3', ['--version']).status !== 0) this.skip(); // nothing else needs Python
    const ask = 'import json, sys\nfor h, b in json.load(sys.stdin): print(is_genuine(h, b.encode(), sys.argv[1]))';
    writeFileSync(join(folder, 'receiver.py'), `${block('is_genuine', 'python')}\n${ask}\n`);
    const [{ headers, body }, old] = [await delivered(), await delivered(late)];
    const input = JSON.stringify([
      [headers, body],
      [headers, `${body} `],
      [{}, body],
      [old.headers, old.body],
    ]);
    const { stdout, stderr } = spawnSync('python3', [join(folder, 'receiver.py'), secret], { input, encoding: 'utf8' });
    expect([stdout, stderr]).to.deep.equal(['True\nFalse\nFalse\nFalse\n', '']);
  });

  it('keeps of each id what the highest number says', async () => {
    const file = join(folder, 'apply.mjs');
    writeFileSync(file, `${block('apply', 'js')}\nexport const seen = kept;\n`);
    const { apply: keep, seen } = (await import(pathToFileURL(file).href)) as {
      readonly apply: (message: object) => void;
      readonly seen: ReadonlyMap<string, { readonly seq: number; readonly data: unknown }>;
    };
    for (const [id, op, seq] of [
      ['a', 'insert', 2],
      ['a', 'insert', 2],
      ['a', 'remove', 4],
      ['a', 'insert', 2],
      ['b', 'insert', 3],
      ['b', 'remove', 5],
      ['b', 'insert', 7],
    ] as const)
      keep({ id, op, seq, data: seq });
    expect([...seen]).to.deep.equal([
      ['a', { seq: 4, data: null }],
      ['b', { seq: 7, data: 7 }],
    ]);
  });
});
