import type { LedgerRow } from './ledger.js';
import type { Plan } from './plan.js';

/** The story of a schedule: its plan, and in order what was noted on the way and what was written. */
export function traceOf(plan: Plan, noted: readonly string[], ledger: readonly LedgerRow[]): string {
  const lines = [...noted, ...ledger.map(lineOf)].sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
  return [JSON.stringify(plan, null, 2), ...lines].join('\n');
}

const unsaid = new Set(['seq', 'at', 'sender', 'kind']);

function lineOf(row: LedgerRow): string {
  const known = Object.entries(row).filter(([name, value]) => value !== null && !unsaid.has(name));
  const text = known.map(([name, value]) => `${name}=${String(value)}`).join(' ');
  return `${(row.at / 1_000).toFixed(3).padStart(9)}  ${row.sender} writes ${row.kind}: ${text}`;
}
