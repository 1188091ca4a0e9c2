import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EventMessage } from '../../model/event-message.js';
import type { ByteTarget, RowWriter } from '../../runtime/rows/row-writer.js';
import { onDisk } from './disk.js';
import type { ReadyFile } from './file-store.js';

/** Makes the writer of a sink's rows. */
export type MakeWriter = (target: ByteTarget) => RowWriter<EventMessage>;

/** A file that is being made, under a name that no reader looks for. */
export class WorkFile implements ByteTarget {
  readonly #folder: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #writer: RowWriter<EventMessage>;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #rows = 0;

  private constructor(path: string, handle: FileHandle, makeWriter: MakeWriter) {
    this.#folder = dirname(path);
    this.#path = path;
    this.#handle = handle;
    this.#writer = makeWriter(this);
  }

  /** Begins a file at a path where none is. */
  static async begin(path: string, makeWriter: MakeWriter): Promise<WorkFile> {
    return new WorkFile(path, await onDisk(dirname(path), () => open(path, 'wx')), makeWriter);
  }

  /** What has been written of it; what a writer still holds is not counted. */
  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.#rows;
  }

  async add(messages: readonly EventMessage[]): Promise<void> {
    this.#rows += messages.length;
    await this.#writer.write(messages);
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await onDisk(this.#folder, () => this.#handle.appendFile(bytes));
  }

  /** Writes what is left, and returns once the disk has all of it. */
  async finish(): Promise<ReadyFile> {
    await this.#writer.end();
    await onDisk(this.#folder, async () => {
      await this.#handle.sync();
      await this.#handle.close();
    });
    return { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Drops it; may be called whatever has become of it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}
