import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileSink } from '../../../src/components/file-sink/file-sink.js';
import { FileTarget } from '../../../src/components/file-sink/file-target.js';
import { FolderStore } from '../../../src/components/file-sink/folder-store.js';
import type { FileStore } from '../../../src/components/file-sink/file-store.js';
import { S3Store } from '../../../src/components/file-sink/s3-store.js';
import { WorkFile } from '../../../src/components/file-sink/work-file.js';
import { parseManifest } from '../../../src/components/file-sink/manifest.js';
import type { Manifest } from '../../../src/components/file-sink/manifest.js';
import type { PlannedFile, SinkFileOwner } from '../../../src/database/sinks/sink-file-store.js';
import { LeaseLostError } from '../../../src/runtime/errors.js';
import { jsonlWriter } from '../../../src/runtime/rows/jsonl.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import type { FakeS3 } from './fake-s3.js';
import { HookedStore } from './hooked-store.js';
import type { Hook } from './hooked-store.js';
import { textOf } from './sim-journal.js';
import type { Place as Stand, SimJournal } from './sim-journal.js';
import { SimOutbox } from './sim-outbox.js';

/** Where a world's files are. */
export interface Place {
  store(): FileStore;
  names(): string[];
  read(name: string): Buffer;
  remove(name: string): void;
}

/** Files in a folder. */
export function inFolder(folder: string): Place {
  mkdirSync(folder, { recursive: true });
  return {
    store: () => new FolderStore(folder),
    names: () => readdirSync(folder).sort(),
    read: (name) => readFileSync(join(folder, name)),
    remove: (name) => rmSync(join(folder, name)),
  };
}

/** Files on S3. */
export function onS3(s3: FakeS3, workFolder: string): Place {
  return {
    store: () => new S3Store({ path: 's3://lake', keys: s3.keys, workFolder, clock: new FakeClock() }),
    names: () => s3.names,
    read: (name) => Buffer.from(s3.text(name)),
    remove: (name) => void s3.objects.delete(name),
  };
}

export interface WorldOptions {
  readonly place: Place;
  readonly journal: SimJournal;
  readonly blocks: number;
  readonly bytes?: number;
  readonly afterMs?: number | null;
}

/** A pipeline with a file sink: its journal, its database's plans, a folder, and one process after the other. */
export class SimWorld {
  readonly journal: SimJournal;
  readonly clock = new FakeClock();
  readonly logger = new MemoryLogger();
  readonly #options: WorldOptions;
  claim = 0;
  /** All that were begun: those of processes that are gone are still open, as this one goes on. */
  readonly #begun: WorkFile[] = [];
  #plans: readonly PlannedFile[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.journal = options.journal;
  }

  /** Starts a process; those before are no longer the holder. */
  start(hook: Hook = () => Promise.resolve()): SimOutbox {
    this.claim += 1;
    return new SimOutbox({ journal: this.journal, sink: this.sink(hook), claim: this.claim, logger: this.logger });
  }

  sink(hook: Hook = () => Promise.resolve()): FileSink {
    const { blocks, bytes = Infinity, afterMs = null, place } = this.#options;
    const store = new HookedStore(place.store(), hook);
    const owner = { installation: 'i', pipeline_id: 45, sink: 'lake' };
    return new FileSink({
      target: new FileTarget({ store, plans: this.#plansFor(hook), owner, format: 'jsonl' }),
      ...{ store, clock: this.clock, rotation: { blocks, bytes, afterMs } },
      workshop: {
        workPath: () => store.workPath(),
        makeWriter: (target) => {
          if (target instanceof WorkFile) this.#begun.push(target);
          return jsonlWriter(target, ({ data }) => data.text);
        },
      },
      firstBlock: () => Promise.resolve(this.journal.start),
    });
  }

  /** Closes what the end of a process would have closed. */
  async close(): Promise<void> {
    for (const file of this.#begun.splice(0)) await file.discard();
  }

  #plansFor(hook: Hook) {
    const check = ({ claim }: SinkFileOwner): void => {
      if (claim !== this.claim) throw new LeaseLostError('another holds it');
    };
    return {
      list: () => Promise.resolve(this.#plans),
      check: (owner: SinkFileOwner): Promise<void> => Promise.resolve().then(() => check(owner)),
      plan: async (owner: SinkFileOwner, files: readonly PlannedFile[]): Promise<void> => {
        await hook('before plan');
        check(owner);
        this.#plans = files;
        await hook('behind plan');
      },
    };
  }

  get names(): string[] {
    return this.#options.place.names();
  }

  /** Without those that are being made. */
  get shown(): string[] {
    return this.names.filter((name) => !name.startsWith('.'));
  }

  get manifest(): Manifest | null {
    if (!this.names.includes('_chainparse.json')) return null;
    return parseManifest(this.#options.place.read('_chainparse.json').toString(), 'here');
  }

  /** What the files say that count: they must be as the manifest has them, and no block in two of them. */
  lines(): string[] {
    let last = -1;
    return (this.manifest?.files ?? []).flatMap((file) => {
      const bytes = this.#options.place.read(file.name);
      expect(createHash('sha256').update(bytes).digest('hex'), file.name).to.equal(file.sha256);
      expect(bytes.length).to.equal(file.bytes);
      expect(file.from_block, 'files do not overlap').to.be.greaterThan(last);
      last = file.to_block;
      const lines = bytes.toString().trimEnd().split('\n');
      expect(lines.length).to.equal(file.rows);
      for (const line of lines) {
        const { block } = JSON.parse(line) as { block: number };
        expect(block).to.be.within(file.from_block, file.to_block);
      }
      return lines;
    });
  }

  /** What is said to be complete is the truth at the manifest's cursor. */
  judge(): void {
    const lines = this.lines();
    const { complete = null, outdated = [], state } = this.manifest ?? {};
    if (complete === null || outdated.length > 0 || !state?.cursor || state.ahead.length > 0) return;
    const { pass, told } = JSON.parse(state.cursor.place) as Stand;
    if (told !== 'end') return;
    const upTo = (line: string): boolean => (JSON.parse(line) as { block: number }).block <= complete.to_block;
    const truth = this.journal.at({ version: pass.to.version, block: complete.to_block }).map(textOf);
    expect(lines.filter(upTo), 'what is complete').to.deep.equal(truth);
  }

  /** At the end nothing may be missing, twice, or left over. */
  judgeEnd(): void {
    const { journal } = this;
    const truth = journal.at({ version: journal.version, block: Infinity }).map(textOf);
    expect(this.lines()).to.deep.equal(truth);
    const names = this.manifest?.files.map(({ name }) => name) ?? [];
    expect(this.names).to.deep.equal([...names, '_chainparse.json'].sort());
    expect(this.manifest?.complete).to.deep.equal({ from_block: journal.start, to_block: journal.head });
    expect(this.manifest?.outdated).to.deep.equal([]);
  }
}
