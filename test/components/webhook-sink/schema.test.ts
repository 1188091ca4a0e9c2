import { expect } from 'chai';
import { registry } from '../../../src/components/registry.js';
import { sinksOf } from '../../../src/components/sinks-of.js';
import { definitionKeys } from '../../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../../src/runtime/errors.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { rejectionOf } from '../../support/rejection.js';

const parse = (...keys: readonly string[]) =>
  parseDefinition(
    monitorYaml() + keys.map((each, i) => `  - {name: s${i}, type: webhook_sink, ${each}}\n`).join(''),
    'p.yaml',
    definitionOptions,
  );
const problemsOf = async (...keys: readonly string[]): Promise<readonly string[]> =>
  (await rejectionOf(parse(...keys), FileProblemsError)).problems.map((each) =>
    problemText(each).replace(/^p\.yaml:\d+: /, ''),
  );

describe("a webhook's definition", () => {
  it('needs a URL alone, and gives its keys again', async () => {
    const body = 'body: {content: "{args.value} ${SIGN}", n: [1, null, true], none: {of: null}}';
    const headers = 'headers: {Authorization: "Bearer ${TOKEN}", X-Team: whales}';
    const definition = await parse(
      'url: "${HOOK_URL}"',
      `url: "https://h.example/a", secret: "\${S}", ${headers}, ${body}`,
    );
    const again = definitionKeys(definition, registry) as { components: readonly Record<string, unknown>[] };
    const [, first, second] = again.components;
    expect(first).to.deep.equal({
      ...{ name: 's0', type: 'webhook_sink', url: '${HOOK_URL}', delivery: 'latest', start: 'beginning' },
      ...{ max_attempts: 10, timeout: 10, max_body_bytes: 1_000_000, allow_private: false },
    });
    expect(second).to.include({ secret: '${S}', url: 'https://h.example/a' });
    expect(second?.['headers']).to.deep.equal({ Authorization: 'Bearer ${TOKEN}', 'X-Team': 'whales' });
    expect(second?.['body']).to.deep.equal({ content: '{args.value} ${SIGN}', n: [1, null, true], none: { of: null } });
    const text = JSON.stringify({ ...again, name: 'again' });
    const reread = await parseDefinition(text, 'p.json', definitionOptions);
    expect(reread.components).to.deep.equal(definition.components);
    expect(sinksOf(definition.components).map(({ batchSize }) => batchSize)).to.deep.equal([500, 1]);
  });

  it('may name in its body only what some event has that reaches it', async () => {
    const url = 'url: "${URL}"';
    const problems = await problemsOf(
      `${url}, body: {text: "{args.valeu} {nope} {nope} \${SIGN} \${MARK:-{args.none}} {args.to} {op} {args}", n: [1, null]}`,
    );
    expect(problems).to.deep.equal([
      'body: no event that reaches the sink has {args.valeu}',
      'body: no event that reaches the sink has {nope}',
      'body: no event that reaches the sink has {args.none}',
    ]);
  });

  it('is looked at whatever is wrong with a sink above it', async () => {
    expect(await problemsOf('url: 7', 'url: "${URL}", body: {text: "{nope}"}')).to.have.length(2);
  });

  it('may hold no secret that is written out, and shows none', async () => {
    const problems = await problemsOf(
      'url: "https://h.example/", secret: hunter2hunter2',
      'url: "https://me:hunter2@h.example/"',
      'url: "https://discord.com/api/webhooks/123456/hunter2hunter2hunter2hunter2"',
      'url: "https://api.telegram.org/bot123456789:hunter2hunter2hunter2hunter2/sendMessage"',
      'url: "https://h.example/", headers: {X-Api-Key: hunter2, authorization: "Bearer hunter2", x-other: "Bearer hunter2"}',
    );
    expect(problems.join('\n')).not.to.contain('hunter2');
    expect(problems.map((text) => text.split(':')[0])).to.deep.equal([
      ...['secret', 'url', 'url', 'url', 'X-Api-Key', 'authorization', 'x-other'],
    ]);
    expect(problems[2]).to.equal('url: its path holds what looks like a key');
    for (const text of problems.slice(4)) expect(text).to.contain('is a secret: write ${NAME}');
    await parse(
      'url: "https://discord.com/api/webhooks/123456/${TOKEN}"',
      'url: "https://h.example/a-rather-long-name-of-words"',
      'url: "https://h.example/${TENANT}-events-usdc-v2"',
    );
  });

  it('writes nothing beside the variables of a login but its scheme, and names of parts', async () => {
    const headersOf = (name: string, values: readonly string[]): readonly string[] =>
      values.map((value) => `url: "https://h.example/", headers: {${name}: '${value}'}`);
    const wrong = [
      ...headersOf('Authorization', [
        'Bearer PLAIN ${T}',
        'Bearer PLAIN${T}',
        'Bearer ${T}PLAIN',
        'ApiKey ${ID}:PLAIN',
      ]),
      ...headersOf('Authorization', ['Bearer ${T:-PLAIN}', 'Bearer ${T} PLAIN', 'PLAIN${T}']),
      ...headersOf('X-Authorization', ['Basic PLAIN ${T}']),
      ...headersOf('X-Other', ['Bearer PLAIN ${T}']),
    ];
    const problems = await problemsOf(...wrong);
    expect(problems).to.have.length(wrong.length);
    for (const text of problems) expect(text).to.contain('is a secret: write ${NAME} for it').and.not.contain('PLAIN');
    const right = [
      '${T}',
      'Bearer ${T}',
      'Basic ${T}',
      'token ${T}',
      'Bearer ${T:-}',
      'ApiKey ${ID}:${KEY}',
      '${S} ${T}',
    ];
    await parse(...headersOf('Authorization', [...right, 'Token token=${T}', 'key=${T}', 'X a="${A}", b="${B}"']));
    await parse(...headersOf('Cookie', ['theme=dark; session=${S}']));
  });

  it('says that a URL leads to a private address, unless that is meant', async () => {
    const urls = [
      'http://localhost:8080/',
      'http://a.localhost/',
      'https://10.0.0.1/',
      'http://[::1]:1/',
      'http://2130706433/',
      'https://${HOST:-127.0.0.1}:${PORT}/',
    ];
    const problems = await problemsOf(...urls.map((url) => `url: "${url}"`));
    expect(problems).to.deep.equal(urls.map(() => 'url: leads to a private address'));
    await parse(...urls.map((url) => `url: "${url}", allow_private: true`));
  });

  it('has everything that is wrong told at once', async () => {
    expect(
      await problemsOf(
        'url: "ftp://h.example/", timeout: 0, max_body_bytes: 5, alow_private: true, batch_size: 1.5',
        'url: "https://h.example/", body: text',
        'url: "https://h.example/", body: {a: b}, batch_size: 7, headers: {"a b": c, Content-Length: "1", X: "é"}',
      ),
    ).to.have.members([
      'alow_private: unknown key; the nearest known key is allow_private',
      'batch_size: must be a whole number, not 1.5',
      'max_body_bytes: must be from 1000 to 100000000, not 5',
      'timeout: must be more than 0 and at most 600, not 0',
      'url: must be a URL of https or http, or ${NAME}',
      'body: must be a mapping of keys to values, or a list, which is sent as JSON',
      "batch_size: can't stand beside body: give one of the two",
      'a b: is no name of a header',
      'Content-Length: is a header that chainparse sets itself',
      'X: must be made of ASCII characters',
    ]);
  });
});
