import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/clock.js';
import { RuntimeFailure } from '../../runtime/errors.js';
import { makeFolder } from '../../runtime/make-folder.js';
import type { S3Keys } from './config.js';
import { onDisk, removeUnfinished, unfinishedPath } from './disk.js';
import { manifestChanged, manifestName } from './file-store.js';
import type { FileStore, ReadyFile } from './file-store.js';
import { S3Client } from './s3-client.js';
import { isFileName } from './spans.js';

export interface S3StoreOptions {
  /** `s3://bucket/prefix`. */
  readonly path: string;
  readonly keys: S3Keys;
  readonly workFolder: string;
  readonly clock: Clock;
}

interface FoundManifest {
  readonly text: string;
  readonly etag: string;
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
  /** Digests of manifests that were sent since without an answer: each may be there. */
  readonly #unanswered = new Set<string>();
  #claim = 0;

  constructor({ path, keys, workFolder, clock }: S3StoreOptions) {
    const [, bucket = '', rest = ''] = /^s3:\/\/([^/]+)\/*(.*)$/.exec(path) ?? [];
    const prefix = rest.replace(/\/+$/, '');
    this.#client = new S3Client(bucket, keys, clock);
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
    const found = await this.#readManifest(signal);
    this.#holds(found?.etag ?? null);
    return found?.text ?? null;
  }

  async writeManifest(text: string, check: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await check();
    if (await this.#putManifest(text, signal)) return;
    const found = await this.#findOwn(signal, text);
    // Another's is not to be replaced by the next try.
    if (found.text === text || (await this.#putManifest(text, signal))) return;
    throw manifestChanged(this.label, found.text);
  }

  async sizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return new Map([...(await this.#list(signal))].filter(([name]) => isFileName(name)));
  }

  async put(name: string, file: ReadyFile, signal: AbortSignal, moved?: () => void): Promise<void> {
    await this.#confirm(signal);
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

  async #readManifest(signal: AbortSignal): Promise<FoundManifest | null> {
    const { status, text, headers } = await this.#client.ask(
      { method: 'GET', key: this.#keyOf(manifestName) },
      [404],
      signal,
    );
    if (status !== 404) return { text, etag: etagOf(headers) };
    // Whether the bucket itself is missing, listing it says.
    await this.#list(signal);
    return null;
  }

  /** Returns false where the manifest is not the one that was read or written last. */
  async #putManifest(text: string, signal: AbortSignal): Promise<boolean> {
    const condition = this.#manifest === null ? { 'if-none-match': '*' } : { 'if-match': this.#manifest };
    const headers = { ...condition, 'content-type': 'application/json' };
    const question = { method: 'PUT', key: this.#keyOf(manifestName), headers, body: text } as const;
    try {
      const answer = await this.#client.ask(question, [404, 412], signal);
      if (answer.status < 300) this.#holds(etagOf(answer.headers));
      return answer.status < 300;
    } catch (error) {
      this.#unanswered.add(digestOf(text));
      throw error;
    }
  }

  /** Finds the manifest that this store wrote by a request whose answer was lost; throws TargetChangedError where another is there. */
  async #findOwn(signal: AbortSignal, text?: string): Promise<FoundManifest> {
    const found = await this.#readManifest(signal);
    if (found === null || (found.text !== text && !this.#unanswered.has(digestOf(found.text))))
      throw manifestChanged(this.label, found?.text ?? null);
    this.#holds(found.etag);
    return found;
  }

  /** This manifest is there, whatever was sent before. */
  #holds(etag: string | null): void {
    this.#manifest = etag;
    this.#unanswered.clear();
  }

  /** Throws TargetChangedError where the manifest is not the one that was read or written last. */
  async #confirm(signal: AbortSignal): Promise<void> {
    const { status, headers } = await this.#client.ask(
      { method: 'HEAD', key: this.#keyOf(manifestName) },
      [404],
      signal,
    );
    const found = status === 404 ? null : etagOf(headers);
    if (found !== this.#manifest) await this.#findOwn(signal);
  }

  /** The objects of the prefix, without those below it: names, and their bytes. */
  async #list(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const query = { 'list-type': '2', prefix: this.#prefix, delimiter: '/', 'max-keys': '1000' };
    const found = new Map<string, number>();
    for (let more: string | undefined = ''; more !== undefined;) {
      const page = more === '' ? query : { ...query, 'continuation-token': more };
      const { text } = await this.#client.ask({ method: 'GET', key: '', query: page }, [], signal);
      for (const [, object = ''] of text.matchAll(/<Contents>([^]*?)<\/Contents>/g)) {
        // A prefix may stand there with what XML escapes; the names of files never do.
        found.set((tagOf(object, 'Key') ?? '').replace(/^.*\//s, ''), Number(tagOf(object, 'Size')));
      }
      more = tagOf(text, 'NextContinuationToken');
    }
    return found;
  }

  #keyOf(name: string): string {
    return `${this.#prefix}${name}`;
  }
}

function tagOf(xml: string, tag: string): string | undefined {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1];
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function etagOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return String(headers['etag'] ?? '');
}
