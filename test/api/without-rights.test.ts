import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { createDatabase, onPostgres } from '../support/databases.js';
import { execute } from '../support/execute-sql.js';
import { openMigrated } from '../support/migrated-database.js';
import { expectProblem, testApi } from './api-fixture.js';

const password = 'right77';

onPostgres('the API with a database user without rights', (server) => {
  it('says with 503 which right is missing and what to grant, and tells no password', async () => {
    const url = new URL(await createDatabase(server().url()));
    await (await openMigrated(url.href)).close();
    // Roles are the server's, which other tests share.
    const role = url.pathname.slice(1);
    await execute(url.href, `CREATE USER ${role} PASSWORD '${password}'`);
    await execute(url.href, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    await execute(url.href, `REVOKE SELECT ON rpc_endpoint FROM ${role}`);
    Object.assign(url, { username: role, password });
    const database = await openDatabase(url.href);
    const api = testApi(database);
    try {
      for (const [table, answer] of [
        ['audit_log', await api.post('/api/v1/pipeline/classification', { name: 'DeFi' })],
        ['rpc_endpoint', await api.send('/api/v1/endpoints')],
      ] as const) {
        const { detail, hint } = expectProblem(answer, 503);
        expect(detail).to.match(new RegExp(`does not let this user: permission denied for table ${table}$`));
        expect(hint).to.match(/^GRANT SELECT, INSERT/);
        expect(answer.body).not.to.contain(password);
      }
    } finally {
      await api.app.close();
      await database.close();
    }
  });
});
