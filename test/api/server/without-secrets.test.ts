import { expect } from 'chai';
import { withoutSecrets } from '../../../src/api/server/without-secrets.js';

describe('the body of a request, as it is noted', () => {
  const components = [
    { type: 'webhook_sink', secret: 'LEAK1', headers: { Authorization: 'Bearer LEAK2', 'X-Api-Key': 'LEAK3, LEAK"4' } },
    { type: 'kafka_producer', sasl_username: 'me', sasl_password: 'LEAK5', ssl_key_password: '${KEY:-LEAK6}' },
    { type: 'file_sink', access_key_id: 'LEAK7', secret_access_key: 123456, session_token: '${TOKEN}' },
    { type: 'nats_sink', token: null, nkey_seed: ' LEAK8', password: ['LEAK9'], key_field: 'receiver' },
    {
      type: 'webhook_sink',
      url: '${BASE}/hook?api_key=LEAK10',
      headers: { 'X-Functions-Key': 'LEAK11', From: 'Basic LEAK12' },
    },
    { type: 'redis_sink', url: '${R:-redis://me:LEAK13@h}', stream: 'usdc-${CHAIN}', secret: { value: 'LEAK14' } },
  ];
  const noted = [
    { ...components[0], secret: '***', headers: { Authorization: '***', 'X-Api-Key': '***' } },
    { ...components[1], sasl_password: '***', ssl_key_password: '***' },
    { ...components[2], access_key_id: '***', secret_access_key: '***' },
    { ...components[3], nkey_seed: '***', password: '***' },
    { ...components[4], url: '${BASE}***', headers: { 'X-Functions-Key': '***', From: '***' } },
    { ...components[5], url: '${R}***', secret: '***' },
  ];

  it('has no values of secret keys and headers, in JSON', async () => {
    expect(JSON.parse(await withoutSecrets(JSON.stringify({ components })))).to.deep.equal({ components: noted });
  });

  it('has header values and texts of a webhook body only masked', async () => {
    const hook = {
      headers: { 'X-Note': 'LEAK1', 'X-List': ['${LEAK2}'] },
      body: { text: 'LEAK3', all: [['LEAK4'], 5] },
    };
    expect(JSON.parse(await withoutSecrets(JSON.stringify({ components: [hook] })))).to.deep.equal({
      components: [{ headers: { 'X-Note': '***', 'X-List': ['***'] }, body: { text: '***', all: [['***'], 5] } }],
    });
  });

  it('has none in the text that older programs send inside JSON, be it JSON, YAML or neither', async () => {
    const inside = async (info: string): Promise<string> => {
      const noted = JSON.parse(await withoutSecrets({ pipeline_id: 4, pipeline_info: info })) as Record<
        string,
        unknown
      >;
      return String(noted['pipeline_info']);
    };
    expect(JSON.parse(await inside(JSON.stringify({ components })))).to.deep.equal({ components: noted });
    expect(JSON.parse(await inside('{type: webhook_sink, secret: LEAK1}'))).to.include({ secret: '***' });
    expect(await inside('{secret: LEAK1')).to.equal('(neither JSON nor YAML)');
  });

  it('has none of them in YAML, in whatever way they are written', async () => {
    const text = `
components:
  - {type: webhook_sink, secret: LEAK1}
  - type: kafka_producer
    sasl_password: LEAK2, and LEAK3
    api_key: |-
      LEAK5
    secret: \${NAME}   # LEAK6
    topic: tokens
`;
    expect(JSON.parse(await withoutSecrets(text))).to.deep.equal({
      components: [
        { type: 'webhook_sink', secret: '***' },
        { type: 'kafka_producer', sasl_password: '***', api_key: '***', secret: '${NAME}', topic: 'tokens' },
      ],
    });
  });

  it('is not told where nobody can read it, or it is made to exhaust whoever reads it', async () => {
    const untold = '(neither JSON nor YAML)';
    for (const text of ['LEAK', '{"secret": "LEAK1", ', '['.repeat(400_000), `${'- '.repeat(100_000)}x`, bomb]) {
      expect(await withoutSecrets(text)).to.equal(untold);
    }
    expect(await withoutSecrets(JSON.parse('['.repeat(400_000) + ']'.repeat(400_000)))).to.equal(untold);
    expect(await withoutSecrets([{ secret: 'LEAK', size: 5 }])).to.equal('[{"secret":"***","size":5}]');
    expect(await withoutSecrets('size: 123456789012345678901')).to.equal('{"size":"123456789012345678901"}');
  }).timeout(10_000);
});

/** A few lines of which each stands for ten times the one before. */
const bomb = [
  'a: &a [x]',
  ...'bcdefghi'.split('').map((name, at) => {
    const before = 'abcdefgh'[at];
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
  }),
].join('\n');
