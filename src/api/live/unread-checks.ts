import type { Readiness } from '../readiness.js';

type Checks = Readiness['checks'];

/** Returns what is known while the database can't be read: that it can't; of what was checked before nobody knows. */
export function unreadChecks(error: string, before: Checks): Checks {
  const others = before.filter(({ name }) => name !== 'database');
  return [
    { name: 'database', ok: false, detail: error, kind: 'fails', values: { error } },
    ...others.map(({ name }) => ({
      ...{ name, ok: false, values: {} },
      ...{ detail: 'unknown while the database does not answer', kind: 'unread' },
    })),
  ];
}
