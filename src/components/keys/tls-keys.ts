import type { z } from 'zod';
import { line } from './texts.js';

const file = (): z.ZodOptional<ReturnType<typeof line>> => line(4_096).optional();

/** The keys of a sink that name files for TLS: `readTlsFiles` reads them. */
export const tlsKeys = () => ({ tls_ca_file: file(), tls_cert_file: file(), tls_key_file: file() });
