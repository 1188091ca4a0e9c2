import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { freePort } from '../test/support/free-port.js';
import { runChainparse, startChainparse } from '../test/support/processes.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark } from './benchmark.js';

const configPath = '/api/v1/pipeline/config';
const previewPath = '/api/v1/pipeline/transform/preview';
/** Less than the largest body that is read, 1 MiB. */
const longest = 1_000_000;

/** What bodies that one caller sends cost everybody else. */
export const bodies: Benchmark = {
  summary: 'bodies of 60,000 keys or a number of 1 MiB, 40 at once: /healthz answers within 250 ms',
  async run(options, report) {
    const count = options.number('bodies', 40);
    const env = { CHAINPARSE_DATABASE_URL: `sqlite:${temporaryFolder()}/bodies.db`, CHAINPARSE_API_RATE_LIMIT: 'off' };
    const { code, stderr } = await runChainparse(['migrate'], { env });
    if (code !== 0) throw new Error(stderr);
    const port = await freePort();
    const server = startChainparse(['serve', '--port', String(port)], { env });
    await server.output(/http:\/\/127/);
    const url = `http://127.0.0.1:${port}`;
    for (const [name, path, body] of cases()) {
      const { slowestMs, statuses, seconds } = await besides(url, { path, body, count });
      report.note(`${name}, ${count} at once: answered with ${statuses} within ${seconds.toFixed(1)} s`);
      report.atMost(`slowest /healthz beside ${name}`, slowestMs, 250, ' ms');
    }
    await server.kill();
  },
};

/** Names, paths and bodies. */
function cases(): readonly (readonly [string, string, string])[] {
  const keys = Array.from({ length: 60_000 }, (_, n) => `adres${n}`);
  const components = Array.from({ length: 1_100 }, (_, n) => ({
    name: `c${n}`,
    type: 'dict_mapper',
    dict_mappers: [{}],
  }));
  const digits = '7'.repeat(longest);
  const preview = (value: string): string => `{"transformer":"decimal_normalize","source_value":${value}}`;
  const json = (extra: object): string => JSON.stringify({ name: 'many', ...extra });
  return [
    ['60,000 keys of YAML', configPath, keys.map((key) => `${key}: 1`).join('\n')],
    ['60,000 keys of JSON', configPath, json(Object.fromEntries(keys.map((key) => [key, 1])))],
    ['9,000 keys', configPath, json({ components: [Object.fromEntries(keys.slice(0, 4_500).map((key) => [key, 1]))] })],
    ['1,100 components', configPath, json({ components })],
    ['a YAML number of 1 MB', configPath, `id: ${digits}`],
    ['a JSON number of 1 MB', previewPath, preview(digits)],
    ['a text of 1 MB of digits', previewPath, preview(`"${digits}"`)],
    [
      'a text of 1 MB of hex digits',
      previewPath,
      preview(`"0x${digits}"`).replace('decimal_normalize', 'hex_to_decimal'),
    ],
  ];
}

interface Sent {
  readonly path: string;
  readonly body: string;
  readonly count: number;
}

/** Sends bodies at once; returns the slowest answer of /healthz until all are answered. */
async function besides(
  url: string,
  { path, body, count }: Sent,
): Promise<{ slowestMs: number; statuses: string; seconds: number }> {
  const callers = new Pool(url, { connections: count, pipelining: 1 });
  const watcher = new Pool(url, { connections: 1, pipelining: 1 });
  const ask = async (): Promise<number> => {
    const begun = performance.now();
    const answer = await watcher.request({ path: '/healthz', method: 'GET' });
    await answer.body.dump();
    return performance.now() - begun;
  };
  await ask();
  const begunAt = performance.now();
  let isOver = false;
  const send = async (): Promise<number> => {
    const answer = await callers.request({
      path,
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await answer.body.dump();
    return answer.statusCode;
  };
  const sending = Promise.all(Array.from({ length: count }, send)).finally(() => (isOver = true));
  let slowestMs = 0;
  do {
    slowestMs = Math.max(slowestMs, await ask());
    await sleep(5);
  } while (!isOver);
  const statuses = [...new Set(await sending)].join(', ');
  const seconds = (performance.now() - begunAt) / 1_000;
  await Promise.all([callers.close(), watcher.close()]);
  return { slowestMs, statuses, seconds };
}
