import { expect } from 'chai';
import { registry } from '../../../src/components/registry.js';
import { definitionKeys } from '../../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../../src/runtime/errors.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { rejectionOf } from '../../support/rejection.js';

const parse = (keys: string) =>
  parseDefinition(`${monitorYaml()}  - {name: r, type: redis_sink, ${keys}}\n`, 'p.yaml', definitionOptions);

describe("a Redis sink's definition", () => {
  it('gives its keys again', async () => {
    const url = 'redis://default:${PASSWORD}@h.example:6379/2';
    const definition = await parse(`url: "${url}", stream: "usdc.{event_name}", max_length: 1000000, event_name: A`);
    const again = definitionKeys(definition, registry) as { components: readonly unknown[] };
    expect(again.components[1]).to.deep.equal({
      ...{ name: 'r', type: 'redis_sink', url, stream: 'usdc.{event_name}', max_length: 1_000_000, event_name: ['A'] },
      ...{ delivery: 'latest', start: 'beginning', batch_size: 500, max_attempts: 10, timeout: 10 },
    });
    const reread = await parseDefinition(JSON.stringify(again), 'p.json', definitionOptions);
    expect(reread.components).to.deep.equal(definition.components);
  });

  it('has everything that is wrong told at once, and shows no password', async () => {
    const written = 'url: "rediss://:hunter2@h.example", stream: "{event}", max_length: 0, maxlength: 5';
    const { problems } = await rejectionOf(parse(written), FileProblemsError);
    expect(problems.map(problemText)).to.have.members([
      'p.yaml:7: maxlength: unknown key; the nearest known key is max_length',
      'p.yaml:7: url: its password is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      'p.yaml:7: stream: may hold {event_name} and variables (${NAME}), and no other braces',
      'p.yaml:7: max_length: must be from 1 to 1000000000000, not 0',
    ]);
    const none = await rejectionOf(parse('url: "http://h.example"'), FileProblemsError);
    expect(none.problems.map(problemText)).to.have.members([
      'p.yaml:7: url: must be a URL of redis or rediss, or ${NAME}',
      'p.yaml:7: stream: is required',
    ]);
  });

  it('takes a URL whose path is the number of a database, and which has nothing behind it', async () => {
    const wrong = {
      'redis://app:${PW}@h.example:7130/abc': 'its path must be the number of a database, or nothing',
      'redis://h.example/0/1': 'its path must be the number of a database, or nothing',
      '${BASE}/abc': 'its path must be the number of a database, or nothing',
      'redis://h.example/1?x=1': 'may have no parameters: they would change nothing',
      'redis://a.example,redis://b.example': 'must be a URL of one server',
      'redis://h.example:99999/1': 'its port must be from 1 to 65535',
      '${URL:-redis://h.example:0}': 'its port must be from 1 to 65535',
    };
    for (const [url, problem] of Object.entries(wrong)) {
      const { problems } = await rejectionOf(parse(`url: "${url}", stream: s`), FileProblemsError);
      expect(problems.map(problemText), url).to.deep.equal([`p.yaml:7: url: ${problem}`]);
    }
    const right = [
      'redis://h',
      'redis://h/',
      'redis://h/15',
      'redis://h/${DB}',
      'redis://h/1${DB:-}',
      '${URL:-redis://h/1}',
    ];
    for (const url of right) await parse(`url: "${url}", stream: s`);
  });

  it('takes files for TLS beside a URL with it alone, and a certificate with its key', async () => {
    const written = 'url: "redis://h.example", stream: s, tls_ca_file: ca.pem, tls_cert_file: cert.pem';
    const { problems } = await rejectionOf(parse(written), FileProblemsError);
    expect(problems.map(problemText)).to.have.members([
      'p.yaml:7: tls_ca_file: is for TLS, which redis:// is without',
      'p.yaml:7: tls_cert_file: is for TLS, which redis:// is without',
      'p.yaml:7: tls_key_file: is required beside tls_cert_file',
    ]);
    for (const url of ['rediss://h.example', '${URL}']) await parse(`url: "${url}", stream: s, tls_ca_file: ca.pem`);
  });
});
