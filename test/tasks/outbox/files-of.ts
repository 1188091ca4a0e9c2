import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFileSink } from '../../../src/components/file-sink/open-file-sink.js';
import { fileSinkSchema } from '../../../src/components/file-sink/schema.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { OutboxRuns } from './outbox-fixture.js';

/** The file sink of a pipeline, and what is in its files. */
export class FilesOf {
  readonly #runs: OutboxRuns;
  readonly #keys: object;
  readonly #dataFolder = temporaryFolder();

  constructor(runs: OutboxRuns, keys: object = {}) {
    this.#runs = runs;
    this.#keys = keys;
  }

  openable(): OpenableSink {
    return {
      ...{ name: 'files', type: 'file_sink', eventNames: null, delivery: 'finalized', start: 'beginning' },
      ...{ batchSize: 3, maxAttempts: 3, events: [] },
      open: async () => {
        const { database, pipelineId, clock } = this.#runs;
        const config = await fileSinkSchema.parseAsync({ path: 'out', format: 'jsonl', ...this.#keys });
        const opening = { pipelineId, name: 'files', installation: 'i', clock, logger: silentLogger, events: [] };
        const sink = await openFileSink(config, { ...opening, database, dataFolder: this.#dataFolder });
        return { stages: [], sink };
      },
    };
  }

  /** Their lines, sorted. */
  get lines(): readonly string[] {
    const folder = join(this.#dataFolder, 'out');
    const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const texts = names.map((name) => readFileSync(join(folder, name), 'utf8'));
    return texts.join('').trim().split('\n').sort();
  }
}
