import { openDatabase } from '../../src/database/open/open-database.js';
import type { Scenario } from './scenario.js';

/**
 * Spoils rows of a scenario's first blocks as no run does, and has them put right; returns how many were: none where these blocks
 * are yet to be stored.
 */
export async function damageAndRepair(url: string, scenario: Scenario, rpcUrl: string): Promise<number> {
  const database = await openDatabase(url);
  const rows = await database.read<{ max: number | null }[]>((knex) => knex('event').max({ max: 'block_number' }));
  const last = rows[0]?.max ?? 0;
  if (last <= 10) {
    await database.close();
    return 0;
  }
  await database.write([
    database.knex('event').where({ pipeline_id: 45 }).whereBetween('block_number', [2, 6]).delete(),
    database
      .knex('event')
      .where({ pipeline_id: 45 })
      .whereBetween('block_number', [7, 9])
      .update({ args: '{"from":"0x","to":"0x","value":"1"}' }),
  ]);
  await database.close();
  const blocks = ['--from-block', '1', '--to-block', '10'];
  const told = await scenario.chainparse('verify', '45', ...blocks, '--repair', '--json', '--rpc-url', rpcUrl);
  return (JSON.parse(told) as { readonly repaired: number }).repaired;
}
