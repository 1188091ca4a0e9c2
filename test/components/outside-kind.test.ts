import { expect } from 'chai';
import { z } from 'zod';
import type { EventMessage } from '../../src/model/event-message.js';
import { MessageData } from '../../src/model/event-message.js';
import type { SinkKind, SinkOpening, StageKind, StageOpening } from '../../src/components/seam/component.js';
import type { SinkBatch } from '../../src/components/seam/sink.js';
import { MessageRefusedError, ReceiverAwayError } from '../../src/components/seam/delivery-errors.js';
import { secret, url } from '../../src/components/keys/secret.js';
import { describeSink, sinkKeys, type SinkKeys } from '../../src/components/keys/sink.js';
import { registry } from '../../src/components/registry.js';
import { mapThrough, sinksOf } from '../../src/components/sinks-of.js';
import { definitionKeys } from '../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, UsageError, problemText } from '../../src/runtime/errors.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { definitionOptions, monitorYaml } from '../pipeline/definition/definition-texts.js';
import { rejectionOf } from '../support/rejection.js';

// What somebody adds who has nothing but the seam: a stage that tags messages, and a sink that posts their texts.
interface TagConfig {
  readonly tag: string;
}

const tagger: StageKind<TagConfig> = {
  type: 'tagger',
  role: 'stage',
  schema: () => Promise.resolve(z.strictObject({ tag: z.string().min(1) })),
  keys: (config) => ({ ...config }),
  rows: ({ tag }) => [['tag', tag]],
  open: ({ tag }) =>
    Promise.resolve({
      map: (messages) =>
        Promise.resolve(
          messages.map((each) => ({ ...each, data: MessageData.ofFields(new Map(each.data.fields).set('tag', tag)) })),
        ),
    }),
};

type PostConfig = SinkKeys & { readonly url: string; readonly token?: string | undefined };
const posted: string[] = [];

const poster: SinkKind<PostConfig> = {
  type: 'poster',
  role: 'sink',
  schema: () => Promise.resolve(z.strictObject({ ...sinkKeys(), url: url(['https']), token: secret().optional() })),
  keys: (config) => ({ ...config }),
  rows: (config) => [['url', config.url]],
  describe: describeSink,
  open: ({ url: target, token = '' }) =>
    Promise.resolve({
      deliver: ({ messages }) => {
        if (target.endsWith('/away')) throw new ReceiverAwayError('503', { retryAfterMs: 2_000 });
        if (messages.length > 1) throw new MessageRefusedError('413');
        posted.push(...messages.map(({ op, data }) => `${target} ${token} ${op} ${data.text}`));
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
};

const kinds = registry.with(tagger).with(poster);
const parse = (...lines: readonly string[]) =>
  parseDefinition(monitorYaml() + lines.map((line) => `  - ${line}\n`).join(''), 'p.yaml', {
    ...definitionOptions,
    kinds,
  });
const { signal } = new AbortController();
const context = { logger: silentLogger, moved: () => Promise.resolve(), inserts: nothing, signal };

async function* nothing(): AsyncGenerator<readonly EventMessage[]> {}

function messageOf(text: string): EventMessage {
  const place = {
    chainId: 1,
    blockNumber: 1,
    blockHash: '0x',
    timestamp: 0,
    transactionHash: '0x',
    transactionIndex: 0,
  };
  const event = { eventName: 'Transfer', eventSignature: 'Transfer()' };
  const at = { ...place, logIndex: 0, contractAddress: '0x' };
  return { id: '1:0x:0x:0', op: 'insert', seq: 1, rank: 1, place: at, ...event, data: MessageData.ofText(text) };
}

function batchOf(...messages: readonly EventMessage[]): SinkBatch {
  const after = { epoch: 'e', claim: 1, place: 'p' };
  return { messages, fromBlock: 1, toBlock: 1, before: null, after };
}

describe('a kind from outside the tree', () => {
  const post = '{name: out, type: poster, url: "${POST_URL}/x", token: "${TOKEN}", event_name: Transfer}';

  it('is read by its own schema, with file, line and the nearest key, beside those of the tree', async () => {
    const { components } = await parse('{name: t, type: tagger, tag: a}', post);
    expect(components.map(({ type }) => type)).to.deep.equal(['event_monitor', 'tagger', 'poster']);
    const error = await rejectionOf(
      parse(
        '{name: t, type: tager, tag: a}',
        '{name: u, type: tagger, tga: a}',
        '{name: o, type: poster, batch_size: 0}',
      ),
      FileProblemsError,
    );
    expect(error.problems.map(problemText)).to.deep.equal([
      "p.yaml:7: type: unknown component type 'tager'; the nearest known one is tagger",
      'p.yaml:8: tga: unknown key; the nearest known key is tag',
      'p.yaml:9: batch_size: must be from 1 to 100000, not 0',
      'p.yaml:9: url: is required',
    ]);
  });

  it('may not have a secret written out, which no message shows either', async () => {
    const written = [
      '{name: a, type: poster, url: "https://u:hunter2@h.example/", token: hunter2}',
      '{name: b, type: poster, url: "https://h.example/?api_key=hunter2", token: 5}',
    ];
    const { problems } = await rejectionOf(parse(...written), FileProblemsError);
    const texts = problems.map(problemText);
    expect(texts).to.have.length(4);
    for (const text of texts)
      expect(text).to.match(/^p\.yaml:[78]: (url: its \w+|token:) is a secret: write \$\{NAME\}/);
    expect(texts.join()).not.to.contain('hunter2');
    const fine = 'url: "https://u:${P}@h.example/?key=${K}&x=1"';
    expect((await parse(`{name: a, type: poster, ${fine}}`)).components).to.have.length(2);
  });

  it('gets what the stages above it make, with what the environment says of its secrets', async () => {
    const definition = await parse('{name: t, type: tagger, tag: a}', post, '{name: u, type: tagger, tag: b}');
    expect(JSON.stringify(definitionKeys(definition, kinds))).to.contain('${TOKEN}');
    const [sink, ...others] = sinksOf(definition.components, kinds);
    expect(others).to.deep.equal([]);
    expect(sink).to.include({ name: 'out', delivery: 'latest', start: 'beginning', batchSize: 500, maxAttempts: 10 });
    expect(sink?.eventNames).to.deep.equal(['Transfer']);
    const opening = {} as StageOpening & SinkOpening;
    const lacking = await rejectionOf(
      sink!.open(opening, { env: { TOKEN: '' }, remember: () => undefined }),
      UsageError,
    );
    expect(lacking.message).to.equal('the environment lacks POST_URL, TOKEN, which the definition names');
    const read: string[] = [];
    const env = { POST_URL: 'https://h.example', TOKEN: 's3cret' };
    const open = await sink!.open(opening, { env, remember: (value) => read.push(value) });
    expect(read).to.deep.equal(['https://h.example', 's3cret']);
    const mapped = await mapThrough(await sink!.openStages(opening), [messageOf('{"1":"x","__proto__":2}')], context);
    await open.deliver(batchOf(...mapped), context);
    expect(posted).to.deep.equal(['https://h.example/x s3cret insert {"1":"x","__proto__":2,"tag":"a"}']);
    expect(() => open.deliver(batchOf(...mapped, ...mapped), context)).to.throw(MessageRefusedError);
    await open.close();
  });

  it('says what others must know where this version does not know it', async () => {
    const { components } = await parse(post);
    expect(() => sinksOf(components)).to.throw(UsageError, "component 'out' is of type 'poster'");
  });
});
