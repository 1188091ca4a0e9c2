import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { registerDashboard } from '../../src/api/server/register-dashboard.js';
import type { Database } from '../../src/database/database.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { projectRoot } from '../support/processes.js';
import { expectProblem, testApi, type TestApi } from './api-fixture.js';

const folder = join(projectRoot, 'src/api/dashboard');
const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));

eachDatabase('the files of the dashboard', (databases) => {
  let database: Database;
  let api: TestApi;
  let page: string;

  before(async () => {
    database = await openMigrated(await databases.fresh());
    api = testApi(database, { CHAINPARSE_API_TOKEN: 'a-token-that-is-long-enough' });
    registerDashboard(api.app);
    page = (await api.send('/')).body;
  });

  after(async () => {
    await api.app.close();
    await database.close();
  });

  const assetsOf = (text: string): string[] => [...text.matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);

  it('need no token, and are kept for good by what they hold', async () => {
    const paths = assetsOf(page);
    expect(paths).to.have.length.above(10);
    for (const path of paths) {
      const answer = await api.send(path);
      expect(answer.statusCode, path).to.equal(200);
      expect(answer.headers['cache-control']).to.match(/immutable/);
    }
    expect((await api.send('/api/v1/pipeline/tasks')).statusCode).to.equal(401);
  });

  it('are not sent again to whoever has them', async () => {
    const { headers } = await api.send('/');
    expect(headers['cache-control']).to.equal('no-cache');
    const etag = headers.etag ?? '';
    const send = (asked: string): ReturnType<typeof api.send> =>
      api.send({ url: '/', headers: { 'if-none-match': asked } });
    for (const asked of [etag, `W/${etag}`, `"other", W/${etag}`, '*']) {
      const again = await send(asked);
      expect([again.statusCode, again.body], asked).to.deep.equal([304, '']);
    }
    for (const asked of ['', '"other"', etag.slice(1, -1), `W/W/${etag}`])
      expect((await send(asked)).statusCode, asked).to.equal(200);
  });

  it('are compressed where that is wanted', async () => {
    const zipped = await api.send({ url: '/', headers: { 'accept-encoding': 'br, gzip' } });
    expect(zipped.headers).to.include({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(zipped.rawPayload).toString()).to.equal(page);
    const plain = await api.send({ url: '/', headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(plain.body).to.equal(page);
  });

  it('are found by a page of another version, which must ask for them again', async () => {
    const answer = await api.send('/assets/of-another-version/pages/app.js');
    expect([answer.statusCode, answer.headers['cache-control']]).to.deep.equal([200, 'no-cache']);
  });

  it('are all that is there', async () => {
    for (const path of ['..%2fapp.js', '..%2f..%2fpackage.json', 'index.html', 'nothing.js', '', '__proto__']) {
      expectProblem(await api.send(`/assets/x/${path}`), 404);
    }
    expectProblem(await api.send('/assets/x/../../package.json'), 401);
  });

  it('may load and run nothing from elsewhere, nor what stands in the page itself', async () => {
    const policy = String((await api.send('/')).headers['content-security-policy']);
    expect(policy).to.match(/default-src 'self'/);
    expect(policy).not.to.match(/unsafe/);
    expect(page).not.to.match(/<style|style=|<script>|https?:/);
  });
});

describe('the code of the dashboard', () => {
  it('marks every button that changes something, so that nobody sees one that would be refused', () => {
    for (const path of scripts) {
      const text = readFileSync(join(folder, path), 'utf8');
      const posts = text.match(/await postJson\(/g)?.length ?? 0;
      expect(text.match(/dataset: \{[^}]*changes: /g)?.length ?? 0, path).to.equal(posts);
    }
    const style = readFileSync(join(folder, 'styles/base.css'), 'utf8');
    expect(style).to.match(/html:not\(\[data-may-change='yes'\]\) \[data-changes\] \{\s*display: none;/);
  });

  it('makes no markup of texts', () => {
    for (const path of scripts) {
      const code = readFileSync(join(folder, path), 'utf8');
      expect(code, path).not.to.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/);
    }
  });

  it('says everything in both languages', async () => {
    const read = async (name: string): Promise<Record<string, string>> =>
      ((await import(join(folder, 'texts', `${name}.js`))) as { default: Record<string, string> }).default;
    const [en, zh] = [await read('en'), await read('zh')];
    expect(Object.keys(zh)).to.deep.equal(Object.keys(en));
    const blanks = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const [key, text] of Object.entries(en)) expect(blanks(zh[key] ?? ''), key).to.deep.equal(blanks(text));
  });

  it('knows every text that it asks for, and asks for every text that it knows', async () => {
    const { default: en } = (await import(join(folder, 'texts/en.js'))) as { default: Record<string, string> };
    const code = scripts
      .filter((path) => !path.startsWith('texts'))
      .map((path) => readFileSync(join(folder, path), 'utf8'));
    const asked = [...code.join('\n').matchAll(/'((?:[a-z]+\.)+[A-Za-z]+)'/g)].map(([, key]) => key ?? '');
    const prefixes = [...code.join('\n').matchAll(/`([a-z.]+\.)\$\{/g)].map(([, prefix]) => prefix ?? '');
    const unused = Object.keys(en).filter(
      (key) =>
        !asked.includes(key) && !code.join().includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).to.deep.equal([]);
    const calls = [...code.join('\n').matchAll(/\bt\('([^']+)'/g)].map(([, key]) => key ?? '');
    expect(calls.filter((key) => !(key in en))).to.deep.equal([]);
  });
});
