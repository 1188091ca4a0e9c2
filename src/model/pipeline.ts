/** One entry of a JSON ABI, as compilers write it. */
export interface AbiFragment {
  readonly type: string;
  readonly name?: string | undefined;
  readonly anonymous?: boolean | undefined;
  readonly inputs?: readonly AbiParameter[] | undefined;
  /** What a function returns. */
  readonly outputs?: readonly AbiParameter[] | undefined;
  readonly stateMutability?: string | undefined;
}

export interface AbiParameter {
  readonly name?: string | undefined;
  readonly type: string;
  readonly indexed?: boolean | undefined;
  readonly components?: readonly AbiParameter[] | undefined;
}

/** Which block counts as settled enough to be read: a tag, or a number of confirmations. */
export type Finality = 'latest' | 'safe' | 'finalized' | number;

/** Addresses that share an ABI; `addresses: null` stands for any contract. */
export interface ContractAbi {
  readonly addresses: readonly string[] | null;
  readonly abi: readonly AbiFragment[];
}

/** A component as it is stored: its type, and a config whose shape belongs to the type. */
export interface Component {
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What the workers do when a task of a started pipeline ends. */
export const restarts = ['always', 'on-failure', 'never'] as const;
export type Restart = (typeof restarts)[number];

/** The largest id that a column holds. */
export const maxId = 2_147_483_647;

/** The largest id that a person may give a new pipeline: those that the database gives go on behind it. */
export const mostGivenId = 2_000_000_000;

/** Who stored a definition: it is trusted as much as they are. */
export type DefinitionOrigin = 'cli' | 'api';

/** A pipeline's definition, validated, before it has been stored. */
export interface PipelineDefinition {
  readonly id: number | null;
  readonly name: string;
  readonly classificationId: number | null;
  readonly description: string | null;
  readonly timeoutMinutes: number | null;
  /** Null: on-failure. */
  readonly restart: Restart | null;
  /** A cron expression: when a historical pipeline that is started runs; null: at once. */
  readonly schedule: string | null;
  /** The IANA name of the zone whose clocks `schedule` means; null: UTC. */
  readonly timeZone: string | null;
  readonly components: readonly Component[];
  /** Left out: the command line's. */
  readonly origin?: DefinitionOrigin;
}

/** A stored pipeline. */
export interface Pipeline extends PipelineDefinition {
  readonly id: number;
  readonly origin: DefinitionOrigin;
  readonly disabled: boolean;
  readonly createTime: string | null;
  readonly updateTime: string | null;
}
