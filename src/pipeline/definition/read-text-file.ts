import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { UsageError, messageOf } from '../../runtime/errors.js';

/** No definition or ABI that a person means is larger. */
const maxBytes = 32 * 1024 * 1024;

/** Reads a file of UTF-8 text, without its byte order mark; `name` is how errors call it. Throws UsageError. */
export async function readTextFile(path: string, name: string = path): Promise<string> {
  const bytes = await readBytes(path, name);
  if (bytes.includes(0)) throw new UsageError(`${name} is a binary file, not text`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${name} is not text in UTF-8`, { cause: error });
  }
}

async function readBytes(path: string, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Read to the limit and no further, whatever a size says: of a device or a pipe there is none.
    for await (const chunk of await openFile(path)) {
      size += chunk.length;
      if (size > maxBytes) throw new UsageError(`${name} is larger than ${maxBytes / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(describe(error, name), { cause: error });
  }
}

/**
 * A named pipe is opened without waiting for whoever writes into it: a thread that waits there can't be ended, not even
 * with the process.
 */
async function openFile(path: string): Promise<AsyncIterable<Buffer>> {
  // What a process has open already (/dev/stdin, /dev/fd/63) is no place of a file; below /dev/shm there are some.
  const isNamedPipe = !/^\/(?:dev\/(?!shm\/)|proc\/)/.test(path) && (await stat(path)).isFIFO();
  return isNamedPipe ? readPipe(path) : createReadStream(path);
}

async function* readPipe(path: string): AsyncGenerator<Buffer, void, undefined> {
  // As long as nobody has written, this end keeps the pipe from looking as if everybody was done.
  let writer: number | null = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for await (const chunk of new Socket({ fd, readable: true, writable: false }) as AsyncIterable<Buffer>) {
      if (writer !== null) closeSync(writer);
      writer = null;
      yield chunk;
    }
  } finally {
    if (writer !== null) closeSync(writer);
  }
}

function describe(error: unknown, name: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no file ${name}`;
  if (code === 'EISDIR') return `${name} is a folder, not a file`;
  if (code === 'EACCES' || code === 'EPERM') return `${name} may not be read`;
  return `${name} can't be read: ${messageOf(error)}`;
}
