import { RuntimeFailure } from '../../runtime/errors.js';
import { makeFolder } from '../../runtime/make-folder.js';
import type { S3Keys } from './config.js';
import { onDisk, removeUnfinished, unfinishedPath } from './disk.js';
import { manifestName } from './file-store.js';
import type { FileStore, ReadyFile } from './file-store.js';
import { S3Client } from './s3-client.js';
import { isFileName } from './spans.js';

export interface S3StoreOptions {
  /** `s3://bucket/prefix`. */
  readonly path: string;
  readonly keys: S3Keys;
  readonly workFolder: string;
}

const sha256Header = 'x-amz-meta-chainparse-sha256';

/** Files in a bucket. An object is there whole or not at all; conditions keep an older holder from replacing any. */
export class S3Store implements FileStore {
  readonly label: string;
  readonly #workFolder: string;
  readonly #client: S3Client;
  readonly #prefix: string;
  /** Which manifest was read or written last; null: there was none. */
  #manifest: string | null = null;
  #claim = 0;

  constructor({ path, keys, workFolder }: S3StoreOptions) {
    const [, bucket = '', rest = ''] = /^s3:\/\/([^/]+)\/*(.*)$/.exec(path) ?? [];
    const prefix = rest.replace(/\/+$/, '');
    this.#client = new S3Client(bucket, keys);
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.label = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.#workFolder = workFolder;
  }

  async prepare(claim: number): Promise<void> {
    this.#claim = claim;
    await onDisk(this.#workFolder, () => makeFolder(this.#workFolder));
  }

  async clean(): Promise<void> {
    await onDisk(this.#workFolder, () => removeUnfinished(this.#workFolder, this.#claim));
  }

  workPath(): string {
    return unfinishedPath(this.#workFolder, this.#claim);
  }

  async readManifest(signal: AbortSignal): Promise<string | null> {
    const answer = await this.#client.ask({ method: 'GET', key: this.#keyOf(manifestName) }, [404], signal);
    if (answer.status !== 404) {
      this.#manifest = etagOf(answer.headers);
      return answer.text;
    }
    // Whether the bucket itself is missing, listing it says.
    await this.#list(signal);
    this.#manifest = null;
    return null;
  }

  async writeManifest(text: string, check: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await check();
    const condition = this.#manifest === null ? { 'if-none-match': '*' } : { 'if-match': this.#manifest };
    const key = this.#keyOf(manifestName);
    const headers = { ...condition, 'content-type': 'application/json' };
    const answer = await this.#client.ask({ method: 'PUT', key, headers, body: text }, [404, 412], signal);
    if (answer.status < 300) {
      this.#manifest = etagOf(answer.headers);
      return;
    }
    // It may have been written by a request whose answer was lost.
    if ((await this.readManifest(signal)) === text) return;
    throw new RuntimeFailure(`${this.label}/${manifestName} was changed by somebody else`, {
      hint: 'one folder is for one sink; the next run goes on from what stands there now',
    });
  }

  async hasFiles(signal: AbortSignal): Promise<boolean> {
    return (await this.#list(signal)).some(isFileName);
  }

  async put(name: string, file: ReadyFile, signal: AbortSignal, moved?: () => void): Promise<void> {
    const key = this.#keyOf(name);
    const put = (condition: Readonly<Record<string, string>>) =>
      this.#client.ask(
        { method: 'PUT', key, headers: { ...condition, [sha256Header]: file.sha256 }, body: file, moved },
        [412],
        signal,
      );
    const { status } = await put({ 'if-none-match': '*' });
    if (status !== 412) return;
    // Left over by a request whose answer was lost, or by another run that was to write the same blocks.
    const there = await this.#client.ask({ method: 'HEAD', key }, [404], signal);
    if (there.status < 300 && there.headers[sha256Header] === file.sha256) return;
    const again = await put(there.status === 404 ? { 'if-none-match': '*' } : { 'if-match': etagOf(there.headers) });
    if (again.status === 412) throw new RuntimeFailure(`${this.label}/${name} was changed by somebody else`);
  }

  async holds(name: string, bytes: number, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#client.ask({ method: 'HEAD', key: this.#keyOf(name) }, [404], signal);
    return answer.status !== 404 && Number(answer.headers['content-length']) === bytes;
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#client.ask({ method: 'DELETE', key: this.#keyOf(name) }, [404], signal);
  }

  /** The names of some objects of the prefix, without those below it. */
  async #list(signal: AbortSignal): Promise<readonly string[]> {
    const query = { 'list-type': '2', prefix: this.#prefix, delimiter: '/', 'max-keys': '1000' };
    const { text } = await this.#client.ask({ method: 'GET', key: '', query }, [], signal);
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key.slice(this.#prefix.length));
  }

  #keyOf(name: string): string {
    return `${this.#prefix}${name}`;
  }
}

function etagOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return String(headers['etag'] ?? '');
}
