import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openFileSink } from '../../../src/components/file-sink/open-file-sink.js';
import { fileSinkSchema } from '../../../src/components/file-sink/schema.js';
import type { Manifest } from '../../../src/components/file-sink/manifest.js';
import type { Database } from '../../../src/database/database.js';
import { PipelineStore } from '../../../src/database/pipelines/pipeline-store.js';
import { SinkStore } from '../../../src/database/sinks/sink-store.js';
import type { PipelineDefinition } from '../../../src/model/pipeline.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { updateDefinition } from '../../../src/tasks/outbox/update-definition.js';
import { exampleBatch } from '../../database/example-batch.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/within.js';
import { OutboxRuns, noMore } from './outbox-fixture.js';
import type { Send } from './outbox-fixture.js';
import { RecordingSink } from './recording-sink.js';

eachDatabase('files that others change while a run writes them', (databases) => {
  let database: Database;
  let runs: OutboxRuns;
  let pipelineId = 800;
  let dataFolder: string;
  let folder: string;

  before(async function () {
    this.timeout(60_000);
    database = await openMigrated(await databases.fresh());
  });
  beforeEach(() => {
    pipelineId += 1;
    runs = new OutboxRuns(database, pipelineId);
    dataFolder = temporaryFolder();
    folder = join(dataFolder, 'lake');
    mount('first');
  });
  after(() => database.close());

  /** Has another folder stand where the sink writes, at once, as a volume does that comes or goes. */
  function mount(volume: string): void {
    mkdirSync(join(dataFolder, volume), { recursive: true });
    symlinkSync(volume, join(dataFolder, 'next'));
    renameSync(join(dataFolder, 'next'), folder);
  }

  async function lake() {
    const config = await fileSinkSchema.parseAsync({ path: 'lake', rotate_blocks: 2 });
    const opening = { pipelineId, name: 'out', installation: 'i', clock: runs.clock, logger: silentLogger };
    const sink = () => openFileSink(config, { ...opening, database, dataFolder, events: [] });
    return new RecordingSink().openable({ type: 'file_sink', open: async () => ({ stages: [], sink: await sink() }) });
  }

  const manifest = (): Manifest | null => {
    const path = join(folder, '_chainparse.json');
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : null;
  };

  const shown = (): string[] => readdirSync(folder).filter((name) => !name.startsWith('.'));

  const isWritten = (): boolean => {
    const { complete, outdated, state } = manifest() ?? {};
    return complete?.to_block === 3 && outdated?.length === 0 && state?.ahead.length === 0;
  };

  /** Sends blocks 1 to 3; does something once they are in files; sends blocks up to 8, and does something again. */
  const around = (change: () => void, then: () => Promise<unknown> = () => Promise.resolve()): Send =>
    async function* () {
      yield exampleBatch(1, 3);
      await eventually('files of the first blocks', isWritten);
      change();
      yield exampleBatch(4, 8);
      await then();
    };

  const stopped = () => eventually('a stop', () => runs.lines.some((line) => line.includes('holds nothing any more')));

  /** What is complete is all that is stored, each event once, in files that are there. */
  async function isComplete(): Promise<void> {
    const { complete, files } = manifest()!;
    expect(complete).to.deep.equal({ from_block: 1, to_block: 8 });
    expect(readdirSync(folder).sort()).to.deep.equal([...files.map(({ name }) => name), '_chainparse.json'].sort());
    const text = files.map(({ name }) => readFileSync(join(folder, name), 'utf8')).join('');
    expect(text.trim().split('\n').sort()).to.deep.equal([...(await runs.stored()).values()].sort());
    expect(await runs.standing()).to.include({ failing: false });
  }

  const empty = (): void => mount('second');

  it('go on by themselves once a volume is back, beneath which nothing was written', async () => {
    const comeBack = async (): Promise<void> => {
      await stopped();
      expect(shown()).to.deep.equal([]);
      mount('first');
      // Before the run's end: another look may have begun just before it came back.
      await eventually('it goes on', () => (manifest()?.complete?.to_block ?? 0) > 3);
    };
    await runs.run([await lake()], around(empty, comeBack));
    expect(runs.lines).to.include(
      `sink out can’t deliver: ${folder}/_chainparse.json is gone (was the folder emptied, or is its volume away? It is looked at anew before anything is written)`,
    );
    await isComplete();
  });

  it('stop a run whose volume is away, and the next that begins so, until it is back: nothing is written beneath it', async () => {
    const lost = {
      code: 'SINK_STOPPED',
      message: `${folder} holds nothing any more, though files were written: look whether its volume is mounted, or was emptied. Once they are back it goes on; a replay writes all of them anew`,
      hint: `chainparse sink replay ${pipelineId} out --from-block N`,
    };
    expect(await rejectionOf(runs.run([await lake()], around(empty)))).to.include(lost);
    for (const away of ['second', 'third']) {
      mount(away);
      expect(await rejectionOf(runs.run([await lake()], noMore))).to.include(lost);
      expect(readdirSync(folder)).to.deep.equal([]);
    }
    mount('first');
    await runs.run([await lake()], noMore);
    await isComplete();
  });

  it('are not taken for ones that were put back where they begin with what is new', async () => {
    const other = new RecordingSink().openable({ name: 'other' });
    await runs.run([other], async function* () {
      await Promise.resolve();
      yield exampleBatch(1, 8);
    });
    await runs.run([other, { ...(await lake()), start: 'now' }], noMore);
    expect((await runs.standing()).base).to.deep.include({ block: 8 });
    expect(runs.lines.filter((line) => line.includes('goes on from what its target holds'))).to.deep.equal([]);
  });

  it('are written anew where the folder was emptied between runs, once somebody says so', async () => {
    await runs.run(
      [await lake()],
      around(() => undefined),
    );
    empty();
    await rejectionOf(runs.run([await lake()], noMore));
    await new SinkStore(database).requestReplay(await runs.standing(), 5);
    await runs.run([await lake()], noMore);
    await isComplete();
  });

  it('are begun anew in another folder that the definition names since, and go on in the first once it does again', async () => {
    await runs.run(
      [await lake()],
      around(() => undefined),
    );
    const store = new PipelineStore(database);
    const sink = { name: 'out', type: 'file_sink' };
    const definition = (path: string): PipelineDefinition => ({
      ...{ id: pipelineId, name: `files ${pipelineId}`, classificationId: null, description: null },
      ...{ timeoutMinutes: null, restart: null, schedule: null, timeZone: null },
      components: [{ ...sink, config: { path, s3: null } }],
    });
    await store.import(definition('lake'));
    await updateDefinition(database, definition('pond'));
    empty();
    await runs.run([await lake()], noMore);
    await isComplete();
    await updateDefinition(database, definition('lake'));
    mount('first');
    await runs.run([await lake()], noMore);
    await isComplete();
  });

  it('are written anew, all of them, where somebody says so', async () => {
    const replay = async (): Promise<void> => {
      await stopped();
      expect(await new SinkStore(database).requestReplay(await runs.standing(), 5)).to.equal(true);
      await eventually('files', () => (manifest()?.files.length ?? 0) > 2);
    };
    await runs.run([await lake()], around(empty, replay));
    await isComplete();
  });

  it('are looked for where the manifest was changed: what is missing is written anew', async () => {
    const change = (): void => {
      rmSync(join(folder, '2-3.jsonl'));
      appendFileSync(join(folder, '_chainparse.json'), '\n');
    };
    await runs.run([await lake()], around(change));
    expect(runs.lines.filter((line) => line.startsWith('sink out'))).to.deep.equal([
      `sink out can’t deliver: ${folder}/_chainparse.json was changed by somebody else (one folder is for one sink: it is read anew, and judged, before anything is written)`,
      'sink out delivers again',
    ]);
    await isComplete();
  });
});
