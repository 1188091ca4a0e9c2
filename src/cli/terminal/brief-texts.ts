/** Returns a hash or an address by its first and last digits: `0xA0b869…eB48`. */
export function briefHex(text: string): string {
  return /^0x[0-9a-fA-F]{20,}$/.test(text) ? `${text.slice(0, 8)}…${text.slice(-4)}` : text;
}

/** Returns an instant without year and seconds: `01-15 10:05`. */
export function briefInstant(text: string): string {
  return text.replace(/^\d{4}-(\d\d-\d\d)[T ](\d\d:\d\d).*$/, '$1 $2');
}

/** Returns what stands in parentheses behind an instant: `12 s ago` of `2024-01-15T10:05:30 (12 s ago)`. */
export function briefAge(text: string): string {
  return /^\d{4}-\S+ \((.+)\)$/.exec(text)?.[1] ?? text;
}

/** Returns of a task's progress where it is: `100/200` of `block 100/200, 12 events`, and the block that it awaits. */
export function briefProgress(text: string): string {
  return text
    .replace(/^waiting for block ([\d,]+):.*$/, 'awaits $1')
    .replace(/^等待区块 ([\d,]+):.*$/, '等待 $1')
    .replace(/^((?:shard|分片) \d+, )?(?:block|区块) (.*?)(?:, \d+ (?:events?|个事件))?$/, '$1$2');
}
