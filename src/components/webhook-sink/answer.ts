import type { Readable } from 'node:stream';
import type { Clock } from '../../runtime/clock.js';
import type { ChainparseError } from '../../runtime/errors.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import type { PostAnswer } from '../../runtime/http-post.js';
import { printableLine } from '../../runtime/printable.js';
import { retryAfterMs } from '../../runtime/retry.js';
import { shownHost } from '../../runtime/shown-host.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';

/** Of an answer so much is read: its connection can then be used again, and its reason shown. */
const mostBytes = 16_384;
const mostMs = 1_000;
const shownCharacters = 300;

/** A receiver that asks for more is asked again after an hour all the same. */
const longestWaitMs = 3_600_000;

/** Returns what an answer says against a delivery, by the label of who gave it; null: the receiver has taken it. */
export async function objectionOf(answer: PostAnswer, label: string, clock: Clock): Promise<ChainparseError | null> {
  const text = await beginningOf(answer.body, clock);
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return null;
  const said = `${label}: it answered with status ${status}`;
  if (status < 400) return redirected(said, headers.location);
  const message = `${said}${reasonIn(text)}`;
  const isRefusal = status < 500 && ![408, 425, 429].includes(status);
  if (isRefusal) return new MessageRefusedError(message);
  const askedMs = retryAfterMs(headers['retry-after'], clock.now());
  return new ReceiverAwayError(message, {
    retryAfterMs: askedMs === undefined ? undefined : Math.min(askedMs, longestWaitMs),
  });
}

/** No message is to blame for it, and none is lost: the URL is wrong, or the receiver is being moved. */
function redirected(said: string, location: string | undefined): ReceiverAwayError {
  // No more of it: its path may hold a key.
  const host = location !== undefined && URL.canParse(location) ? ` to ${shownHost(new URL(location).host)}` : '';
  return new ReceiverAwayError(`${said}, a redirect${host}: redirects are not followed`, {
    hint: 'write the URL that it leads to into the definition',
  });
}

function reasonIn(text: string): string {
  const line = printableLine(text).trim();
  if (line === '') return '';
  return `: ${line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line}`;
}

/** An answer that is long or slow isn't worth its connection. */
async function beginningOf(body: Readable, clock: Clock): Promise<string> {
  const reason = (): Error => new Error('the answer goes on');
  const limit = { clock, delayMs: mostMs, reason };
  try {
    return await giveUpLater(limit, () => read(body));
  } catch {
    return '';
  } finally {
    body.destroy();
  }
}

async function read(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, mostBytes);
}
