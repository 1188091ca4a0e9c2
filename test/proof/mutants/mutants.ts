import { commitMutants } from './commit-mutants.js';
import { deliveryMutants } from './delivery-mutants.js';
import { endpointMutants } from './endpoint-mutants.js';
import { heartbeatMutants } from './heartbeat-mutants.js';
import { hostileMutants } from './hostile-mutants.js';
import { ingestionMutants } from './ingestion-mutants.js';
import { leaseMutants } from './lease-mutants.js';
import type { Mutant } from './mutant.js';
import { messageBrokerMutants } from './message-broker-mutants.js';
import { outageMutants } from './outage-mutants.js';
import { rewindMutants } from './rewind-mutants.js';
import { shardMutants } from './shard-mutants.js';
import { sqlMutants } from './sql-mutants.js';
import { timeoutMutants } from './timeout-mutants.js';

/** Every guard that is taken out in turn. */
export const mutants: readonly Mutant[] = [
  ...leaseMutants,
  ...heartbeatMutants,
  ...commitMutants,
  ...deliveryMutants,
  ...sqlMutants,
  ...timeoutMutants,
  ...outageMutants,
  ...ingestionMutants,
  ...endpointMutants,
  ...rewindMutants,
  ...shardMutants,
  ...hostileMutants,
  ...messageBrokerMutants,
];
