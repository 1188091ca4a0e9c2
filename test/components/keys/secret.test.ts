import { expect } from 'chai';
import { url, urlWithToken } from '../../../src/components/keys/secret.js';
import { schema as kafka } from '../../../src/components/kafka-producer/schema.js';
import { schema as nats } from '../../../src/components/nats-sink/schema.js';
import { tableSinkSchema } from '../../../src/components/table-sink/schema.js';

describe('a URL in a definition', () => {
  const problemOf = (text: string): string | null =>
    url(['https', 'http']).safeParse(text).error?.issues[0]?.message ?? null;

  it('may be a variable, hold some, and have defaults', () => {
    const right = [
      '${HOOK_URL}',
      '${HOOK_URL:-}',
      'https://h.example/?api_key=${KEY:-}',
      '${HOOK_URL:-https://h.example/x}',
      '${A:-${B}}',
      '${BASE}/hook?api_key=${KEY}',
      '${SCHEME}://me:${PASSWORD}@h.example/x',
      '${LOGIN}:${PASSWORD}@h.example',
      'https://${HOST:-h.example}:${PORT}/x?page=2&token=${TOKEN}',
      'https://h.example:${PORT:-8080}/',
    ];
    for (const text of right) expect(problemOf(text), text).to.equal(null);
  });

  it('is none without a scheme, and with one that is not meant, be it in a default', () => {
    for (const text of ['', 'h.example', 'ftp://h.example/', '${HOOK_URL:-h.example}', '${HOOK_URL:-ftp://h.example/}'])
      expect(problemOf(text), text).to.equal('must be a URL of https or http, or ${NAME}');
  });

  it('writes out no password and no key, wherever a variable stands', () => {
    const secrets = {
      'its password': [
        'https://me:hunter2@h.example/',
        '${SCHEME}://me:hunter2@h.example/x',
        '${LOGIN}:hunter2@h.example/x',
        '${HOOK_URL:-https://me:hunter2@h.example/}',
        'https://me:${PASSWORD:-hunter2}@h.example/',
      ],
      'its api_key': ['${BASE}/hook?api_key=hunter2', 'https://h.example/?page=2&api_key=hunter2'],
      'its accessToken': ['https://h.example/?accessToken=hunter2'],
      'its pwd': ['https://h.example/?pwd=hunter2'],
      'its access_token_v2': ['https://h.example/?access_token_v2=hunter2'],
      'its token': ['https://h.example/?token=${TOKEN:-hunter2}'],
    };
    for (const [what, texts] of Object.entries(secrets)) {
      for (const text of texts) expect(problemOf(text), text).to.contain(`${what} is a secret: write \${NAME}`);
    }
    for (const name of ['page', 'keyspace', 'monkey', 'author', 'tokenAddress', 'token_id', 'key_format', 'auth_type'])
      expect(problemOf(`https://h.example/?${name}=1`), name).to.equal(null);
  });

  it('of several nodes is looked at node by node', () => {
    const parse = (database: string): boolean => tableSinkSchema.safeParse({ table: 't', database }).success;
    expect(parse('mysql://u:${P}@a/d,mysql://u:${P}@b/d')).to.equal(true);
    expect(parse('mysql://u:${P}@a/d,mysql://u:hunter2@b/d')).to.equal(false);
    expect(parse('${W:-sqlite:x.db}')).to.equal(true);
  });

  it('hands its user out as a token where no password is behind it', () => {
    const { success } = urlWithToken(['nats']).safeParse('${N:-nats://hunter2@h:4222}');
    expect(success).to.equal(false);
    for (const text of ['nats://${TOKEN}@h:4222', '${TOKEN}@h:4222', 'nats://me:${PASSWORD}@h', '${NATS}'])
      expect(urlWithToken(['nats']).safeParse(text).success, text).to.equal(true);
  });
});

describe('servers in a definition', () => {
  const brokers = (given: unknown): unknown =>
    kafka.safeParse({ topic: 't', bootstrap_servers: given }).data?.bootstrap_servers;
  const servers = (given: unknown): unknown => nats.safeParse({ subject: 's', servers: given }).data?.servers;

  it('are a list, or one text with commas, with variables and their defaults', () => {
    expect(brokers('a:9092,b:9093')).to.deep.equal(['a:9092', 'b:9093']);
    expect(brokers('${K:-a:9092,b:9093},${L}')).to.deep.equal(['${K:-a:9092,b:9093}', '${L}']);
    expect(brokers('${K:-a:9092,${B}},b:9093')).to.deep.equal(['${K:-a:9092,${B}}', 'b:9093']);
    expect(brokers(['${HOST}:9092'])).to.deep.equal(['${HOST}:9092']);
    expect(servers('${N:-nats://a:4222,nats://b:4222},tls://c')).to.deep.equal([
      '${N:-nats://a:4222,nats://b:4222}',
      'tls://c',
    ]);
  });

  it('are refused where a default is none', () => {
    expect(brokers('${K:-a}')).to.equal(undefined);
    expect(servers('${N:-a:4222}')).to.equal(undefined);
  });
});
