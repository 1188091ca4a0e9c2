import { createHmac } from 'node:crypto';

/** What a signature covers. */
export interface SignedContent {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * Signs a webhook as Standard Webhooks has it: HMAC-SHA256 of `id.timestamp.body`, in base64 behind `v1,`. A secret that
 * begins with `whsec_` holds its key as base64; any other is the key itself.
 */
export function signWebhook(secret: string, { id, timestamp, body }: SignedContent): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
