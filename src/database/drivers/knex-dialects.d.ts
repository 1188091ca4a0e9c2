/** Knex's classes of the databases, each for the driver that speaks to it: by name, Knex would load the code of all. */
declare module 'knex/lib/dialects/*' {
  import type { Knex } from 'knex';

  const dialect: typeof Knex.Client;
  export default dialect;
}
