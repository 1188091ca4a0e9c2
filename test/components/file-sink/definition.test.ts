import { join } from 'node:path';
import { expect } from 'chai';
import { registry } from '../../../src/components/registry.js';
import { UnfitReceiverError } from '../../../src/components/seam/delivery-errors.js';
import { sinksOf } from '../../../src/components/sinks-of.js';
import { definitionKeys } from '../../../src/pipeline/definition/definition-keys.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { FileProblemsError, problemText } from '../../../src/runtime/errors.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';
import { rejectionOf } from '../../support/rejection.js';

const parse = (...lines: readonly string[]) =>
  parseDefinition(monitorYaml() + lines.map((line) => `  - ${line}\n`).join(''), 'p.yaml', definitionOptions);

describe('a file_sink in a definition', () => {
  it('needs no more than a path, and says what it does not name', async () => {
    const definition = await parse('{name: lake, type: file_sink, path: "usdc/"}');
    const [sink] = sinksOf(definition.components);
    expect(sink).to.include({ delivery: 'finalized', start: 'beginning', batchSize: 2_000 });
    const config = definition.components[1]?.config as Record<string, unknown>;
    expect(config).to.deep.include({ format: 'jsonl', rotate_blocks: 100_000, rotate_minutes: null, s3: null });
    expect(registry.find('file_sink')?.rows(config)).to.deep.equal([
      ['path', 'usdc/'],
      ['format', 'jsonl'],
      ['arguments', null],
      ['new file after', '100000 blocks, 268435456 bytes'],
    ]);
  });

  it('is printed so that it can be read again, with no secret in it', async () => {
    const lines = [
      '{name: lake, type: file_sink, path: usdc, format: Parquet, arguments: columns, rotate_minutes: 60}',
      '{name: s3, type: file_sink, path: "s3://bucket/a/b", format: csv, secret_access_key: "${MINE}"}',
      '{name: own, type: file_sink, path: "s3://${BUCKET:-b-1}/x", endpoint: "https://s3.example", access_key_id: "${A}", region: eu-1}',
    ];
    const definition = await parse(...lines);
    const { components } = definitionKeys(definition, registry) as { components: Record<string, unknown>[] };
    expect(components[2]).to.include({
      endpoint: '${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-}}',
      region: '${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}',
      access_key_id: '${AWS_ACCESS_KEY_ID}',
      secret_access_key: '${MINE}',
      session_token: '${AWS_SESSION_TOKEN:-}',
    });
    expect(components[3]).to.include({ region: 'eu-1', access_key_id: '${A}' }).and.not.have.property('session_token');
    const again = await parseDefinition(JSON.stringify({ name: 'p', components }), 'p.json', definitionOptions);
    expect(again.components).to.deep.equal(definition.components);
  });

  it('is no bucket of S3 where only a variable says so: no folder is called s3: for that', async () => {
    const { components } = await parse('{name: lake, type: file_sink, path: "${LAKE}"}');
    const [sink] = sinksOf(components);
    const dataFolder = temporaryFolder();
    const database = await openMigrated(`sqlite:${join(temporaryFolder(), 'test.db')}`);
    const opening = { ...{ pipelineId: 45, installation: 'i', database, dataFolder }, clock: new FakeClock() };
    const openAt = (path: string) =>
      sink!.open({ ...opening, logger: silentLogger }, { env: { LAKE: path }, remember: () => undefined });
    for (const url of ['s3://bucket/prefix', 'gs://bucket/prefix']) {
      const error = await rejectionOf(openAt(url), UnfitReceiverError);
      expect(error.hint).to.contain('write s3:// into the definition');
    }
    await (await openAt('lake')).close();
    await database.close();
  });

  it('tells all that is wrong with it, each with what to do', async () => {
    const error = await rejectionOf(
      parse(
        '{name: a, type: file_sink, path: "gs://bucket/x", delivery: latest, rotate_blocks: 0}',
        '{name: b, type: file_sink, path: ../up, format: avro, arguments: columns, rotate_byte: 5}',
        '{name: c, type: file_sink, path: "s3://KEY:hunter2@bucket", secret_access_key: hunter2}',
        '{name: d, type: file_sink, format: jsonl, arguments: columns, rotate_bytes: 5000000000}',
        '{name: e, type: file_sink, path: x, region: eu}',
      ),
      FileProblemsError,
    );
    const texts = error.problems.map(problemText);
    expect(texts).to.deep.equal([
      'p.yaml:7: delivery: must be finalized: files hold nothing that may be taken back',
      'p.yaml:7: path: must name a folder, or a bucket of S3',
      'p.yaml:7: rotate_blocks: must be from 1 to 9007199254740991, not 0',
      'p.yaml:8: rotate_byte: unknown key; the nearest known key is rotate_bytes',
      'p.yaml:8: path: must not lead out of its folder: leave out ..',
      'p.yaml:8: format: must be jsonl or csv or parquet, not "avro"',
      'p.yaml:9: path: must name a bucket of S3',
      'p.yaml:9: secret_access_key: is a secret: write ${NAME}, which is read from the environment when a run begins, and never stored',
      'p.yaml:10: path: is required',
      'p.yaml:10: rotate_bytes: must be from 1 to 4294967296, not 5000000000',
      'p.yaml:10: arguments: is for csv and parquet: JSON has no columns',
      'p.yaml:11: region: is for a path that begins with s3://',
    ]);
  });
});
