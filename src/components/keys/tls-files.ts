import { readFile } from 'node:fs/promises';
import { certificateHint } from '../../runtime/certificate-hint.js';
import { UsageError, messageOf } from '../../runtime/errors.js';

/** The keys of a sink that name files for TLS; without them the system's authorities count, and no certificate is shown. */
export interface TlsKeys {
  readonly tls_ca_file?: string | undefined;
  readonly tls_cert_file?: string | undefined;
  readonly tls_key_file?: string | undefined;
}

/** Their names. */
export const tlsFileKeys = ['tls_ca_file', 'tls_cert_file', 'tls_key_file'] as const;

/** What Node's TLS takes of these files. */
export interface TlsContents {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads the files that are named; throws UsageError where one can't be read, or where they are named beside the URL of a
 * connection without TLS: they would change nothing, and nobody would notice.
 */
export async function readTlsFiles(keys: TlsKeys, isEncrypted = true): Promise<TlsContents> {
  const given = tlsFileKeys.find((key) => keys[key] !== undefined);
  if (given !== undefined && !isEncrypted)
    throw new UsageError(`${given} is for TLS, which the connection is without`, {
      hint: 'give a URL of rediss:// or amqps://',
    });
  const { tls_ca_file, tls_cert_file, tls_key_file } = keys;
  const files = { ca: tls_ca_file, cert: tls_cert_file, key: tls_key_file };
  const read = Object.entries(files).flatMap(([option, file]) => (file === undefined ? [] : [contents(option, file)]));
  return Object.fromEntries(await Promise.all(read));
}

async function contents(option: string, file: string): Promise<readonly [string, string]> {
  try {
    return [option, await readFile(file, 'utf8')];
  } catch (error) {
    throw new UsageError(`tls_${option}_file can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns what to do about a server whose certificate was not accepted; undefined where an error says something else. */
export function trustHint(error: unknown): string | undefined {
  return certificateHint(error, 'name the file of that authority by tls_ca_file');
}
