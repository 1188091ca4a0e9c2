/** What an answer's headers state of one window in which its server counts requests. */
export interface RateStatement {
  /** Tells one window from the others of the same server. */
  readonly window: string;
  /** How many requests it holds, and how long it is. */
  readonly limit?: number | undefined;
  readonly windowMs?: number | undefined;
  /** How many of them are left, and in how many milliseconds it ends. */
  readonly left?: number | undefined;
  readonly resetMs?: number | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Draft = { -readonly [Field in keyof Omit<RateStatement, 'window'>]: RateStatement[Field] };

/** `RateLimit…` of the IETF's drafts, and the `X-RateLimit-…` before them, which may name a unit of time. */
const stating = /^(?:x-)?rate-?limit(?:-(limit|remaining|reset|policy))?(?:-(second|minute|hour|day))?$/;
const unitMs: Readonly<Record<string, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** How much of a header is read: nobody has so many windows. */
const mostText = 500;
const mostItems = 8;
/** A reset from here on is a time of the Unix epoch, in seconds and in milliseconds. */
const epoch = { seconds: 1e9, ms: 1e11 };

/** Returns what headers, by their names in lower case, state of the rate at a time of the wall clock; what can't be read is left out. */
export function ratesIn(headers: Headers, now: number): readonly RateStatement[] {
  const drafts = new Map<string, Draft>();
  const draftOf = (window: string): Draft => {
    const known = drafts.get(window) ?? {};
    drafts.set(window, known);
    return known;
  };
  const policies: Item[] = [];
  for (const name in headers) {
    const stated = stating.exec(name);
    const text = headers[name];
    if (stated === null || text === undefined) continue;
    const [, what, unit = ''] = stated;
    const items = itemsOf(String(text));
    // The server's own clock counts, where it tells the time.
    const time = Date.parse(String(headers['date']));
    const read = { now: Number.isNaN(time) ? now : time, draftOf };
    if (unit !== '') draftOf(unit).windowMs = unitMs[unit];
    if (what === 'policy') policies.push(...items);
    else if (what === undefined) readStructured(items, read);
    else readField(what, items, draftOf(unit), read.now);
    if (what === 'limit') policies.push(...items.filter(({ params }) => params.has('w')));
  }
  for (const policy of policies) readPolicy(policy, draftOf);
  return [...drafts]
    .map(([window, draft]) => ({ window, ...draft }))
    .filter((each) => each.limit !== undefined || each.left !== undefined);
}

interface Item {
  readonly value: string;
  readonly params: ReadonlyMap<string, string>;
}

interface Reading {
  readonly now: number;
  readonly draftOf: (window: string) => Draft;
}

/** `100`, `"burst";q=10;w=1` or `limit=10`, with commas between. */
function itemsOf(text: string): Item[] {
  const items = text.slice(0, mostText).split(',').slice(0, mostItems);
  return items.map((item) => {
    const [value = '', ...params] = item.split(';').map((part) => part.trim());
    return { value, params: new Map(params.map(pairOf)) };
  });
}

function pairOf(text: string): [string, string] {
  const [key = '', ...value] = text.split('=');
  return [key.trim().toLowerCase(), value.join('=').trim()];
}

function readField(what: string, [first]: readonly Item[], draft: Draft, now: number): void {
  const value = numberIn(first?.value);
  if (what === 'limit') draft.limit = positive(value) ?? draft.limit;
  else if (what === 'remaining') draft.left = value ?? draft.left;
  else if (value !== undefined) draft.resetMs = msUntil(value, now);
}

/** `limit=100, remaining=50, reset=5` of the older drafts, `"default";r=50;t=5` of the newer ones. */
function readStructured(items: readonly Item[], { now, draftOf }: Reading): void {
  for (const item of items) {
    const [key, value] = pairOf(item.value);
    if (key === 'limit' || key === 'remaining' || key === 'reset') {
      readField(key, [{ ...item, value }], draftOf(''), now);
      continue;
    }
    const left = numberIn(item.params.get('r'));
    const reset = numberIn(item.params.get('t'));
    if (left === undefined) continue;
    const draft = draftOf(nameOf(item));
    draft.left = left;
    if (reset !== undefined) draft.resetMs = msUntil(reset, now);
  }
}

/** `100;w=60` of the older drafts, `"default";q=100;w=60` of the newer ones. */
function readPolicy(item: Item, draftOf: (window: string) => Draft): void {
  const { value, params } = item;
  const seconds = positive(numberIn(params.get('w')));
  const limit = positive(numberIn(params.get('q') ?? value));
  const counted = params.get('qu') ?? '"requests"';
  if (seconds === undefined || limit === undefined || nameOf({ value: counted, params }) !== 'requests') return;
  const unnamed = draftOf('');
  // What is left is told of the window whose limit is told beside it.
  const isOfUnnamed = !params.has('q') && (unnamed.limit ?? limit) === limit && unnamed.windowMs === undefined;
  const draft = isOfUnnamed ? unnamed : draftOf(params.has('q') ? nameOf(item) : `${seconds} s`);
  draft.limit = limit;
  draft.windowMs = seconds * 1_000;
}

function nameOf({ value }: Item): string {
  return value.replace(/^"|"$/g, '');
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function msUntil(reset: number, now: number): number {
  if (reset < epoch.seconds) return reset * 1_000;
  return Math.max(0, (reset < epoch.ms ? reset * 1_000 : reset) - now);
}
