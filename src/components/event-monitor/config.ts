import type { Where } from '../../chain/abi/where.js';
import type { FactoryConfig } from './factory/config.js';
import type { ContractAbi, Finality } from '../../model/pipeline.js';

/** A validated `event_monitor` component with its ABIs resolved: what is stored, and all that a run needs. */
export interface EventMonitorConfig {
  readonly chainName: string;
  readonly chainId: number;
  readonly contracts: readonly ContractAbi[];
  /** Whose children the contracts are; the only entry of `contracts` is then for any address. */
  readonly factory?: FactoryConfig;
  /** Names or full signatures; null: every event of the ABI. */
  readonly eventsToMonitor: readonly string[] | null;
  readonly mode: 'historical' | 'realtime';
  readonly startBlock: number | null;
  readonly endBlock: number | null;
  readonly finality: Finality;
  /** Seconds between two polls of the head. */
  readonly pollInterval: number;
  /** Keep an event only if one of its address arguments is listed; empty: keep all. */
  readonly addressFilters: readonly string[];
  /** What must hold of an event's arguments; left out: nothing. */
  readonly where?: Where;
  readonly keepUnknown: boolean;
  /** Blocks that may yet be replaced are read only where two endpoints tell them alike. */
  readonly verifyHeads?: boolean;
  /** SQD Portal's data set from which settled blocks come; left out: they come from nodes. */
  readonly portalDataset?: string;
  /** Into how many stretches a long history is cut, to be read by as many tasks; left out: it is read by one. */
  readonly shards?: number;
  /** Blocks that a request asks for, to begin with. */
  readonly batchSize: number;
}
