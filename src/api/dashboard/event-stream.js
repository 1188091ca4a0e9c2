import { request } from './api-client.js';

/** An event that can't be read: what is known may no longer be so. */
export class UnreadableEvent extends Error {}

/** A server says something at least every 15 s; one that is silent for longer is gone. */
const patienceMs = 25_000;
const firstWaitMs = 400;
const longestWaitMs = 8_000;
/** Of a page that nobody looks at for so long the connection is let go. */
const unseenMs = 5_000;
const unseen = 'nobody looks at the page';

/**
 * Follows a stream of server-sent events until `signal` is aborted; connects again with the last event's id where it
 * breaks. `fetch` and not EventSource, which can't send the header with the token. Only a page that is looked at is
 * connected: a browser has six connections to a server, and once all are held no page and no button of it gets through.
 */
export async function followEvents(path, { signal, onEvent, onState = () => {} }) {
  let lastEventId = null;
  let waitMs = firstWaitMs;
  for (;;) {
    await untilSeen(signal);
    if (signal.aborted) return;
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort, { once: true });
    abortUnseen(attempt);
    let failure = null;
    try {
      onState('connecting', null);
      const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId };
      const answer = await request(path, { headers, signal: attempt.signal, cache: 'no-store' });
      onState('open', null);
      await readEvents(answer.body, attempt, (event) => {
        const before = lastEventId;
        // Who can't read an event asks for everything anew.
        lastEventId = null;
        readWith(onEvent, event);
        lastEventId = event.id ?? before;
        waitMs = firstWaitMs;
      });
    } catch (error) {
      failure = error;
    }
    signal.removeEventListener('abort', abort);
    attempt.abort();
    if (signal.aborted) return;
    if (attempt.signal.reason === unseen) {
      // Let go, not lost: what it shows is no longer so until the server is heard again.
      onState('connecting', null);
      continue;
    }
    onState('lost', failure);
    await pause(waitMs, signal);
    waitMs = Math.min(longestWaitMs, waitMs * 2);
  }
}

function readWith(onEvent, event) {
  try {
    onEvent(event);
  } catch (error) {
    throw new UnreadableEvent(`an event can't be read: ${error.message}`, { cause: error });
  }
}

async function readEvents(body, attempt, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const timer = setTimeout(() => attempt.abort(), patienceMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event !== null) onEvent(event);
    }
  }
}

/**
 * Returns the event of some lines; null where they are a comment, which only shows that the server lives. A value is all
 * that follows up to the line feed: names may hold characters that other readers take for the end of a line.
 */
export function parseEvent(block) {
  const event = { id: null, name: 'message', data: '' };
  const data = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    if (field === 'id') event.id = value;
    if (field === 'event') event.name = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { ...event, data: data.join('\n') };
}

/** Waits until the page is looked at. */
function untilSeen(signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      over.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', look, { signal: over.signal });
    signal.addEventListener('abort', look, { signal: over.signal });
    look();
  });
}

/** Aborts an attempt once nobody has looked at the page for a while. */
function abortUnseen(attempt) {
  let timer = null;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => attempt.abort(unseen), unseenMs);
  };
  document.addEventListener('visibilitychange', look, { signal: attempt.signal });
  attempt.signal.addEventListener('abort', () => clearTimeout(timer));
  look();
}

/** Waits; goes on at once where the network is back or the page is looked at again. */
function pause(durationMs, signal) {
  return new Promise((resolve) => {
    const hurry = new AbortController();
    const done = () => {
      clearTimeout(timer);
      hurry.abort();
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal.addEventListener('abort', done, { once: true, signal: hurry.signal });
    window.addEventListener('online', done, { signal: hurry.signal });
    document.addEventListener('visibilitychange', () => document.hidden || done(), { signal: hurry.signal });
  });
}
