import type { ApiAccess } from '../../components/definition-access.js';
import type { FileProblem } from '../../runtime/errors.js';
import type { TargetFinding } from '../../components/ask-targets.js';
import type { Surroundings } from '../../components/seam/component.js';
import type { Component } from '../../model/pipeline.js';
import type { Registry } from '../../components/registry.js';
import type { FindStoredAbi } from './resolve-abi.js';

/** What a definition is read with. */
export interface DefinitionOptions {
  /** Finds the ABIs that definitions refer to as `abi_id:N`. */
  readonly storedAbi: FindStoredAbi;
  /** The heartbeat interval, in seconds: a timeout must be three of them or more. */
  readonly heartbeatIntervalSeconds: number;
  /** How errors call the file; its path where left out. */
  readonly name?: string;
  /** How many YAML or JSON nodes it may have; left out: as many as a file of addresses needs. */
  readonly mostNodes?: number;
  /** Takes what the older program's definitions get wrong; left out: where it is one of that program's. */
  readonly isLenient?: boolean;
  /** Hears of what is accepted, and worth a word. */
  readonly onWarning?: (warning: FileProblem) => void;
  /** Asks targets whose they are, where a sink must have its own alone; left out: nobody does, and a run is told. */
  readonly askTargets?: AskTargets;
  /** Where it would be run; left out: paths that are written differently differ. */
  readonly surroundings?: Surroundings | undefined;
  /** What it may reach, as it comes from the API; left out: it comes from the command line. */
  readonly access?: ApiAccess;
  /** The kinds of components that it may name; left out: those of this version. */
  readonly kinds?: Registry;
}

/** What of a definition is needed to ask the targets of its sinks. */
export interface ReadSinks {
  readonly id: number | null;
  readonly name: string | null;
  /** By their position; undefined: something is wrong with it. */
  readonly components: readonly (Component | undefined)[];
}

/** Asks the targets of sinks. */
export type AskTargets = (read: ReadSinks) => Promise<readonly TargetFinding[]>;
