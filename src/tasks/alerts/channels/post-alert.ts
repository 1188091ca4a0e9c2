import type { Clock } from '../../../runtime/clock.js';
import { AlertDeliveryError, messageOf } from '../../../runtime/errors.js';
import { HttpPost, type PostAnswer } from '../../../runtime/http-post.js';
import { retryAfterMs } from '../../../runtime/retry.js';

/** Where an alert is POSTed to, and how long an answer may take in milliseconds. */
export interface PostOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Characters of an answer that are read: it says why it refuses, and when to come again. */
const mostRead = 16_384;

/**
 * POSTs a body of JSON; resolves where it is taken, else throws AlertDeliveryError, which says whether another try can help and
 * how long the receiver asks to wait. No redirect is followed, and nothing of the URL is told.
 */
export async function postAlert(
  options: PostOptions,
  { body, headers = {} }: { readonly body: string; readonly headers?: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  // Alerts are rare: a connection that waits for the next one would only be found dead then.
  const post = new HttpPost(options);
  try {
    const sent = { 'content-type': 'application/json', 'user-agent': 'chainparse', ...headers };
    const answer = await post.send(sent, body, signal);
    if (answer.status < 200 || answer.status > 299) throw await refusal(answer, options.clock.now());
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AlertDeliveryError) throw error;
    throw new AlertDeliveryError(messageOf(error), { retryable: true });
  } finally {
    await post.close();
  }
}

/** What the receiver refuses as it is, it will refuse again. */
async function refusal({ status, headers, body }: PostAnswer, now: number): Promise<AlertDeliveryError> {
  const retryable = status >= 500 || status === 408 || status === 429;
  const said = retryable ? await readJson(body) : {};
  // In the header as HTTP has it, in the body as Discord and Telegram have it.
  const inBody = String(said.retry_after ?? said.parameters?.retry_after);
  const askedMs = retryAfterMs(headers['retry-after'], now) ?? retryAfterMs(inBody, now) ?? 0;
  return new AlertDeliveryError(`it answered with status ${status}`, { retryable, retryAfterMs: askedMs });
}

interface Said {
  readonly retry_after?: unknown;
  readonly parameters?: { readonly retry_after?: unknown };
}

async function readJson(body: PostAnswer['body']): Promise<Said> {
  try {
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length > mostRead) return {};
    }
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null ? said : {};
  } catch {
    return {};
  }
}
