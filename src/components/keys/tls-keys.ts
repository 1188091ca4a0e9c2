import type { z } from 'zod';
import { line } from './texts.js';
import { bothOrNone } from './together.js';
import type { Look } from './together.js';
import { tlsFileKeys } from './tls-files.js';

/** A key that names a file. */
export const file = (): z.ZodOptional<ReturnType<typeof line>> => line(4_096).optional();

/** The keys of a sink that name files for TLS: `readTlsFiles` reads them. */
export const tlsKeys = () => ({ tls_ca_file: file(), tls_cert_file: file(), tls_key_file: file() });

/**
 * Looks at them together, and beside a URL: without TLS, as by the scheme `plain`, they would change nothing, and nobody would
 * notice. What a variable holds is looked at when the sink is opened.
 */
export function lookAtTls(look: Look<{ readonly url?: string }>, plain: string): void {
  bothOrNone(look, 'tls_cert_file', 'tls_key_file');
  if (look.right.url?.startsWith(`${plain}://`) !== true) return;
  for (const key of tlsFileKeys.filter(look.isGiven))
    look.tell(key, `is for TLS, which ${plain}:// is without`, `write ${plain}s://`);
}
