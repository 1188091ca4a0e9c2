import { createHash } from 'node:crypto';
import { openDatabase } from '../src/database/open/open-database.js';

/** Returns the number of stored events up to a block, and a digest of all that is stored of them, but for the journal's version. */
export async function fingerprint(url: string, blocks: number): Promise<string> {
  const database = await openDatabase(url);
  const digest = createHash('sha256');
  let events = 0;
  for (let from = 0; from <= blocks; from += 500) {
    const rows = await database.read<Record<string, unknown>[]>((knex) =>
      knex('event')
        .whereBetween('block_number', [from, from + 499])
        .orderBy(['pipeline_id', 'block_number', 'log_index']),
    );
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) if (name !== 'added') digest.update(toDigest(value));
    }
    events += rows.length;
  }
  await database.close();
  return `${events} ${digest.digest('hex')}`;
}

function toDigest(value: unknown): Buffer | string {
  return Buffer.isBuffer(value) ? value : `${String(value)};`;
}
