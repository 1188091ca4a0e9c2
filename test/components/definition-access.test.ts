import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  accessProblems,
  reachableConfig,
  requireReach,
  type ApiAccess,
} from '../../src/components/definition-access.js';
import { ReceiverAwayError, UnfitReceiverError } from '../../src/components/seam/delivery-errors.js';
import { rejectionOf } from '../support/rejection.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('what a definition may read and reach', () => {
  const folder = temporaryFolder();
  const access: ApiAccess = {
    variables: ['HOOK', 'KEY'],
    privateHosts: ['kafka:9092', '10.0.0.5', 'localhost:6379'],
    dataFolder: join(folder, 'data'),
    workingFolder: folder,
  };
  const problem = (config: object, by: ApiAccess | null = access): string | undefined => {
    const [first] = accessProblems(config, by);
    return first === undefined ? undefined : `${String(first.at[0])} ${first.message}`;
  };

  before(() => {
    mkdirSync(join(folder, 'data'));
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'data', 'out'));
    symlinkSync(join(folder, 'elsewhere', 'new'), join(folder, 'data', 'dangling'));
    symlinkSync('loop', join(folder, 'data', 'loop'));
    symlinkSync(join(folder, 'data'), join(folder, 'in'));
  });

  it('no definition reads the variables of chainparse itself', () => {
    for (const by of [null, { ...access, variables: ['CHAINPARSE_API_TOKEN', 'BASE_RPC_URL'] }]) {
      expect(problem({ url: '${CHAINPARSE_API_TOKEN}' }, by)).to.match(/^url must not read CHAINPARSE_API_TOKEN/);
      expect(problem({ headers: { a: 'x ${HOOK:-${BASE_RPC_URL}}' } }, by)).to.match(
        /^headers must not read BASE_RPC_URL/,
      );
      expect(problem({ topic: '${A:-${B:-${CHAINPARSE_DATABASE_URL}}}' }, by)).to.contain('CHAINPARSE_DATABASE_URL');
    }
  });

  it('one of the command line reads, writes and reaches all else', () => {
    const config = { url: 'http://127.0.0.1/${PASSWORD}', topic: '${T}', path: '/etc', database: 'sqlite:/etc/x.db' };
    expect(problem(config, null)).to.equal(undefined);
  });

  it('one of the API reads listed variables, in keys for secrets and addresses', () => {
    expect(problem({ url: '${HOOK}/a', secret: '${KEY}', headers: { 'X-Key': '${KEY}' } })).to.equal(undefined);
    expect(problem({ servers: ['nats://${HOOK}'], sasl_password: '${KEY}', token: '${KEY}' })).to.equal(undefined);
    for (const text of ['${PASSWORD}', '${HOOK:-${PASSWORD}}', '${PASSWORD:-x}', 'a${PASSWORD'])
      expect(problem({ url: text }), text).to.match(/^url must not read PASSWORD: .*CHAINPARSE_API_VARIABLES/);
    expect(
      problem({ s3: { endpoint: '', secret_access_key: '${AWS_SECRET_ACCESS_KEY}' }, path: 's3://bucket' }),
    ).to.match(/^secret_access_key must not read AWS_SECRET_ACCESS_KEY/);
    for (const key of [
      'topic',
      'subject',
      'body',
      'stream',
      'table',
      'routing_key',
      'path',
      'key_field',
      'tls_ca_file',
    ])
      expect(problem({ [key]: key === 'body' ? { a: ['${KEY}'] } : '${KEY}' })).to.match(
        new RegExp(`^${key} must have no variable`),
      );
  });

  it('one of the API names files below the data folder only, links followed', () => {
    const inside = { path: 'a/b', database: 'sqlite:data/x.db', tls_ca_file: 'in/ca.pem', ssl_key_location: 'data/k' };
    expect(problem(inside)).to.equal(undefined);
    expect(problem({ path: join(folder, 'in', 'x'), database: 'sqlite://in/new/x.db' })).to.equal(undefined);
    const outside = [
      ...['/etc', 'out/x', '../x', 'dangling', 'dangling/x'].map((path) => ({ path })),
      ...['/etc/x.db', 'x.db', 'data/out/x.db', 'data/../x.db', 'a${HOOK'].map((file) => ({
        database: `sqlite:${file}`,
      })),
      { database: 'postgres://db.example/x?sslmode=verify-full&sslrootcert=/etc/shadow' },
      { database: 'mysql://db.example/x?ssl=true&ssl_ca=%2Fetc%2Fshadow' },
      ...['tls_ca_file', 'creds_file', 'ssl_certificate_location'].map((key) => ({ [key]: '/etc/shadow' })),
    ];
    for (const config of outside)
      expect(problem(config), JSON.stringify(config)).to.match(/^\w+ must be below the data folder/);
    expect(problem({ path: 'loop' })).to.equal(undefined);
    expect(() => requireReach({ database: 'sqlite:/etc/${A:-x}' }, access)).to.throw(
      UnfitReceiverError,
      'database must',
    );
  });

  it('one of the API reaches private hosts only if they are listed, whatever allow_private says', () => {
    const listed = [
      { bootstrap_servers: ['kafka:9092', 'public.example:9092'] },
      { url: 'http://10.0.0.5:8080/x', allow_private: true },
      { url: 'redis://me:${KEY}@localhost:6379/0' },
      { database: 'postgres:///x?host=10.0.0.5' },
      { servers: ['nats://${HOOK}:4222', 'tls://nats.example'] },
    ];
    for (const config of listed) expect(problem(config), JSON.stringify(config)).to.equal(undefined);
    const refused = [
      ...['http://127.0.0.1', 'http://2130706433/', 'http://[::1]:80', 'https:127.0.0.1', 'http://me@localhost'].map(
        (url) => ({ url, allow_private: true }),
      ),
      ...['redis://localhost:6380', 'redis://a:${KEY}@169.254.169.254', '${HOOK:-redis://0x7f.1}'].map((url) => ({
        url,
      })),
      ...['mysql://db.example/x,mysql://10.0.0.6/x', 'postgres:///x', 'postgres:///x?host=/run'].map((database) => ({
        database,
      })),
      { bootstrap_servers: ['public.example:9092', '192.168.1.1:9092'] },
      { servers: ['nats://ok.example', 'nats://[fd00::1]:4222'] },
      { path: 's3://bucket', s3: { endpoint: 'http://169.254.169.254' } },
    ];
    for (const config of refused)
      expect(problem(config), JSON.stringify(config)).to.match(/^\w+ leads to a private address/);
  });

  it('one of the API is opened with addresses that are not private once variables and names are looked up', async () => {
    const lookup = ((name: string) =>
      name === 'gone.example'
        ? Promise.reject(new Error('ENOTFOUND'))
        : Promise.resolve([{ address: name.startsWith('inner') ? '10.1.1.1' : '93.184.215.14', family: 4 }])) as never;
    const open = (config: object): Promise<object> => reachableConfig(config, access, lookup);
    await rejectionOf(open({ url: 'redis://inner.example:6379' }), ReceiverAwayError);
    await rejectionOf(open({ bootstrap_servers: ['outer.example:9092', 'inner:9092'] }), ReceiverAwayError);
    await rejectionOf(open({ url: 'redis://127.0.0.1' }), UnfitReceiverError);
    await rejectionOf(open({ database: 'sqlite:/etc/x.db' }), UnfitReceiverError);
    for (const url of ['redis://outer.example', 'redis://gone.example', 'redis://10.0.0.5'])
      expect(await open({ url })).to.deep.equal({ url });
    const hook = (url: string): Promise<object> => open({ url, allow_private: true });
    expect(await hook('https://inner.example')).to.deep.include({ allow_private: false });
    expect(await hook('https://10.0.0.5')).to.deep.include({ allow_private: true });
  });
});
