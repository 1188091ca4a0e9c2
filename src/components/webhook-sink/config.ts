import type { JsonValue } from '../../model/event-message.js';
import type { SinkKeys } from '../keys/sink.js';

/** The schemes of a webhook's URL. */
export const webSchemes = ['https', 'http'] as const;

/** A webhook as it is stored: under the keys of a definition. */
export interface WebhookConfig extends Omit<SinkKeys, 'batch_size'> {
  readonly url: string;
  /** What deliveries are signed with. */
  readonly secret?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent for each message, instead of a batch of them; a text in it may hold `{path}`. */
  readonly body?: JsonValue | undefined;
  /** Seconds that an answer may take. */
  readonly timeout: number;
  readonly batch_size?: number | undefined;
  /** The bytes of one request, at most. */
  readonly max_body_bytes: number;
  readonly allow_private: boolean;
}
