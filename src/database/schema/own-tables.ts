/** Tables of chainparse's own, beside those that the beginnings of their names tell. */
const ownTables = new Set([
  ...['pipeline', 'event', 'event_removed', 'undecoded_log', 'recent_block', 'contract_abi', 'reorg', 'call_result'],
  ...['factory_child', 'factory_scan', 'sink_file', 'sink_dead_letter'],
  ...['monitor', 'worker', 'alert', 'alert_mute', 'audit_log', 'rpc_endpoint'],
]);

/** Of chainparse, and of the databases and libraries themselves. */
const ownBeginnings = /^(pipeline_|chainparse_|sqlite_|pg_|knex_)/;

/** Says whether a table of that name is chainparse's or the database's own, in whatever case. */
export function isOwnTable(name: string): boolean {
  const folded = name.toLowerCase();
  return ownTables.has(folded) || ownBeginnings.test(folded);
}
