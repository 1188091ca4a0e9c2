import { expect } from 'chai';
import { withoutSecrets } from '../../../src/api/server/without-secrets.js';

describe('the body of a request, as it is noted', () => {
  const components = [
    { type: 'webhook_sink', secret: 'LEAK1', headers: { Authorization: 'Bearer LEAK2', 'X-Api-Key': 'LEAK3, LEAK"4' } },
    { type: 'kafka_producer', sasl_username: 'me', sasl_password: 'LEAK5', ssl_key_password: '${KEY:-LEAK6}' },
    { type: 'file_sink', access_key_id: 'LEAK7', secret_access_key: 123456, session_token: '${TOKEN}' },
    { type: 'nats_sink', token: null, nkey_seed: ' LEAK8', password: '', key_field: 'receiver' },
  ];
  const noted = [
    { ...components[0], secret: '***', headers: { Authorization: '***', 'X-Api-Key': '***' } },
    { ...components[1], sasl_password: '***', ssl_key_password: '***' },
    { ...components[2], access_key_id: '***', secret_access_key: '***' },
    { ...components[3], nkey_seed: '***' },
  ];

  it('has no values of secret keys and headers, in JSON', async () => {
    expect(JSON.parse(await withoutSecrets(JSON.stringify({ components })))).to.deep.equal({ components: noted });
    const { pipeline_info: inside } = JSON.parse(
      await withoutSecrets({ pipeline_info: JSON.stringify({ components }) }),
    ) as { pipeline_info: string };
    expect(JSON.parse(inside)).to.deep.equal({ components: noted });
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

  it('is told by its length alone where nobody can read it', async () => {
    expect(await withoutSecrets('{"secret": "LEAK1", ')).to.equal('20 characters that are neither JSON nor YAML');
  });
});
