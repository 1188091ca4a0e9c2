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
  return [option, String(await readNamedFile(`tls_${option}_file`, file))];
}

/** Reads the file that a key names; throws UsageError where it can't be read. */
export async function readNamedFile(key: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${key} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** What is wrong with the certificate of this side, by OpenSSL's words, and what a person can do about it. */
const ownFaults: readonly (readonly [words: RegExp, hint: string])[] = [
  [/alert certificate required/, 'it wants a certificate of this side: name one by tls_cert_file and tls_key_file'],
  [
    /alert (?:unknown ca|bad certificate|unsupported certificate|certificate (?:expired|revoked|unknown))/,
    'it does not accept the certificate of tls_cert_file: have one made by an authority that it knows',
  ],
  [/key values mismatch/, 'the key of tls_key_file is not that of the certificate of tls_cert_file'],
  [
    /bad decrypt/,
    'the key of tls_key_file wants a passphrase: write it without one (openssl pkey -in FILE -out FILE2)',
  ],
  [/no start line|DECODER routines::unsupported/, 'tls_cert_file and tls_key_file name PEM files, and no others'],
];

/** Returns what to do where TLS failed for a certificate, of either side; undefined where an error says something else. */
export function trustHint(error: unknown): string | undefined {
  const hint = certificateHint(error, 'name the file of that authority by tls_ca_file');
  return hint ?? ownFaults.find(([words]) => words.test(messageOf(error)))?.[1];
}
