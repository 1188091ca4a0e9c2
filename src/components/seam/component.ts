import type { ZodType } from 'zod';
import type { AbiUse } from '../../chain/abi/abi.js';
import type { LogDecoder } from '../../chain/abi/decoder.js';
import type { ChainClient } from '../../chain/blocks/chain-client.js';
import type { ChainView } from '../../chain/blocks/chain-view.js';
import type { ChainAccess } from '../../chain/chains.js';
import type { PortalClient } from '../../chain/portal/portal-client.js';
import type { PortalHealth } from '../../chain/portal/portal-health.js';
import type { Database } from '../../database/database.js';
import type { ToldChildren } from '../../model/factory-child.js';
import type { AbiFragment } from '../../model/pipeline.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Sink } from './sink.js';
import type { Source } from './source.js';
import type { Stage } from './stage.js';
import type { VariableSource } from './variables.js';

/** The keys of a definition and their values, as in its file. */
export type Keys = Readonly<Record<string, unknown>>;

/** A line of `pipeline show`; null: nothing to show. */
export type Row = readonly [label: string, value: string | null];

/** What a schema may reach besides the keys that it is given. */
export interface Reading {
  /** Finds the ABI that a definition names by a file, `builtin:NAME` or `abi_id:N`; throws UsageError or NotFoundError. */
  abi(reference: string, use?: AbiUse): Promise<readonly AbiFragment[]>;
}

/**
 * A kind of component owns the shape of its config: whoever else wants to know something of it asks the kind. What is
 * heavy (zod, a client of some server) it loads when it is asked for.
 */
interface KindOf<C extends object> {
  /** What `type` says in a definition. */
  readonly type: string;
  /**
   * Makes the schema of a component's keys, without `name` and `type`; what it gives is stored, and is the config. Objects
   * in it are strict: an unknown key is told with the nearest one. A problem's path becomes file, line and key.
   */
  schema(reading: Reading): Promise<ZodType<C>>;
  /** Returns the keys of a definition that give this config again. */
  keys(config: C): Keys;
  /** Returns what `pipeline show` prints. */
  rows(config: C): readonly Row[];
}

/** What others must know of a source. */
export interface SourceDescription {
  /** The chain that a run must reach. */
  readonly chain: { readonly name: string; readonly id: number };
  readonly mode: 'historical' | 'realtime';
  /** The first block that it reads; null: the first one of all, or the head. */
  readonly startBlock: number | null;
  /** The last block that it reads; null: it ends at the head, or never. */
  readonly endBlock: number | null;
  /** How many different endpoints it needs, and the key of the definition that asks for more than one. */
  readonly endpoints: { readonly least: number; readonly key: string };
  /** True where settled blocks come from a portal: a historical run then needs no endpoint. */
  readonly readsPortal: boolean;
  /** Blocks that a request asks for, to begin with. */
  readonly batchSize: number;
  /** Into how many stretches a long history is cut, to be read by as many tasks; 1: it is not. */
  readonly shards: number;
}

/** A kind of source. */
export interface SourceKind<C extends object> extends KindOf<C> {
  readonly role: 'source';
  describe(config: C): SourceDescription;
  /** Returns what decides which events of a block are stored, and what of their logs: that of two configs is equal as JSON, or not. */
  selection(config: C): unknown;
  /** Returns the signatures of the events that it knows, each once. */
  events(config: C): readonly string[];
  /** Returns the fields of these events' data. */
  fields(config: C): readonly EventFields[];
  /** Makes what turns a log into what a run would store, for whoever audits or previews. */
  decoder(config: C): Promise<LogDecoder>;
  /** Makes what an audit judges by, where that takes more than the config; left out: `decoder`. */
  audit?(config: C, opening: AuditOpening): Promise<Audit>;
  open(config: C, opening: SourceOpening): Promise<Source>;
  /** Returns who tells of old blocks, also of those that nodes don't keep; left out: the nodes alone. */
  view?(config: C, opening: ViewOpening): Promise<Pick<ChainView, 'header'> | null>;
}

/** Who may be asked for old blocks. */
export interface ViewOpening {
  /** Null where no endpoint is set. */
  readonly nodes: ChainClient | null;
  readonly portal: PortalClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an audit of stored rows judges by. */
export interface Audit {
  readonly decoder: LogDecoder;
  /** The children of a factory, as the chain tells them; null: the contracts are given. */
  readonly children: ToldChildren | null;
}

/** What an audit of the blocks that a pipeline has read is made of. */
export interface AuditOpening {
  readonly chain: ChainClient;
  /** The last block that has been read. */
  readonly upTo: number;
  /** The newest block that can't be replaced any more. */
  readonly settled: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a source is made of besides its config. */
export interface SourceOpening {
  /** Null where no endpoint is set. */
  readonly chain: ChainAccess | null;
  /** Null where no portal is read. */
  readonly portal: PortalClient | null;
  /** Hears how the portal is that nobody stands beside; left out: nobody does. */
  readonly portalHealth?: PortalHealth | undefined;
}

/** A field of an event's data, as far as it can be known before there is an event. */
export interface Field {
  /** A path, as rules of mappers write it (`args.value`); of what a mapper makes, its target's key. */
  readonly name: string;
  /**
   * Solidity's name of the type (`uint256`, `address`, `(uint256,bytes)[]`); `hash` of an indexed argument whose log holds only
   * its hash, `int64` of numbers that always fit, `text` of texts and of what isn't known.
   */
  readonly type: string;
  /** Of a tuple, or of the tuples of an array: what each holds. */
  readonly members?: readonly Field[];
}

/** What the data of one of the source's events holds on its way. */
export interface EventFields {
  readonly eventName: string;
  readonly eventSignature: string;
  readonly fields: readonly Field[];
  /** Where contracts name its arguments differently: the fields as each way has them, of which the source gives all in `fields`. */
  readonly shapes?: readonly (readonly Field[])[];
  /** Only what a mapper names is left of the event. */
  readonly mapped: boolean;
}

/** Something in a definition that is right and yet worth a word. */
export interface Remark {
  /** The key, or what a path of keys and positions leads to, within the component. */
  readonly at: readonly PropertyKey[];
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A kind of stage. */
export interface StageKind<C extends object> extends KindOf<C> {
  readonly role: 'stage';
  /** Says what it makes of the fields of events; left out: it leaves them as they are. */
  fields?(config: C, above: readonly EventFields[]): readonly EventFields[];
  /** True where its stages ask the chain; left out: they don't. */
  readonly asksChain?: true;
  /** Remarks what will come to nothing: keys that none of the events has. Left out: nothing. */
  remarks?(config: C, above: readonly EventFields[]): Promise<readonly Remark[]>;
  open(config: C, opening: StageOpening): Promise<Stage>;
}

/** What a stage is made of besides its config. */
export interface StageOpening {
  readonly pipelineId: number;
  /** The name of the component. */
  readonly name: string;
  /** The pipeline's own database, for what it has to remember; null: it is a preview, of which nothing may be stored. */
  readonly database: Database | null;
  /** The chain of the source; null where no endpoint is set, and the kind does not ask the chain. */
  readonly chain: ChainAccess | null;
}

/** What others must know of a sink: what every sink's definition may say, under the same keys. */
export interface SinkDescription {
  /** The events to deliver, by name or full signature; null: all. */
  readonly eventNames: readonly string[] | null;
  /** When an event is delivered: as soon as it is stored, or once it can't be replaced. */
  readonly delivery: 'latest' | 'finalized';
  /** What a new sink gets first. */
  readonly start: 'beginning' | 'now';
  /** Messages of one delivery, at most. */
  readonly batchSize: number;
  /** How often a message that the receiver refuses is tried before it becomes a dead letter. */
  readonly maxAttempts: number;
}

/** A kind of sink. */
export interface SinkKind<C extends object> extends KindOf<C> {
  readonly role: 'sink';
  describe(config: C): SinkDescription;
  /**
   * Says what would keep it from being opened with these events, where a run would stand in the surroundings (null: nobody knows
   * where), so that a definition is refused for it. Left out: nothing.
   */
  problems?(config: C, events: readonly EventFields[], surroundings: Surroundings | null): Promise<readonly Remark[]>;
  /**
   * Names what it fills, where that bears one sink alone, and the key that says so: two of one name are refused. Paths are what they
   * lead to in the surroundings; null: they stay as they are written. Left out: nothing does.
   */
  fills?(config: C, surroundings: Surroundings | null): { readonly key: string; readonly name: string };
  /** Says in which form it keeps events where they stay, as a text: two are equal or not. Left out: always in the same. */
  form?(config: C): string;
  /**
   * Says what its target would be refused to it for because it is another sink's, of whichever pipeline; null: nothing. Asks the
   * target, changes nothing, and throws where it can't be asked. Left out: others may have it, too.
   */
  refusal?(config: C, opening: TargetOpening): Promise<Remark | null>;
  /** Opens it; `${NAME}` in its config has been replaced by what the environment says. Need not connect yet. */
  open(config: C, opening: SinkOpening): Promise<Sink>;
}

/** Where a run would stand: what paths and variables of a definition lead to. */
export interface Surroundings {
  /** The folder that the path of an SQLite database starts from; absolute. */
  readonly workingFolder: string;
  /** The folder under which a pipeline's files are; absolute. */
  readonly dataFolder: string;
  /** The URL of the pipeline's own database. */
  readonly database: string;
  readonly variables: VariableSource;
  /** Returns what an absolute path is known as, whichever links lead to it. */
  readonly realPath: (path: string) => string;
}

/** What a sink is made of besides its config. */
export interface SinkOpening {
  readonly pipelineId: number;
  /** The name of the component. */
  readonly name: string;
  /** Tells this installation's pipelines from those of another that delivers into the same target. */
  readonly installation: string;
  /** What reaches it of each of the events that the source knows, as the stages above make it. */
  readonly events: readonly EventFields[];
  /** The pipeline's own database. */
  readonly database: Database;
  /** The folder under which a pipeline's files are. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a sink's target is asked with before it is opened. */
export interface TargetOpening extends Pick<
  SinkOpening,
  'name' | 'installation' | 'database' | 'dataFolder' | 'clock'
> {
  /** Null: the pipeline is not stored yet. */
  readonly pipelineId: number | null;
  /** False: nothing but the pipeline's own database and what is below the folder of its files may be asked. */
  readonly asksElsewhere: boolean;
}

/** A kind of component, whatever its config. */
export type Kind<C extends object = object> = SourceKind<C> | StageKind<C> | SinkKind<C>;
