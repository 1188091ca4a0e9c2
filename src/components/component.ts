import type { ZodType } from 'zod';
import type { AbiUse } from '../chain/abi/abi.js';
import type { LogDecoder } from '../chain/abi/decoder.js';
import type { ChainClient } from '../chain/blocks/chain-client.js';
import type { ChainAccess } from '../chain/chains.js';
import type { PortalClient } from '../chain/portal/portal-client.js';
import type { Database } from '../database/database.js';
import type { StoredStretch } from '../database/events/stored-stretch.js';
import type { SourceMessage } from '../model/batch.js';
import type { BlockRange, BlockRef } from '../model/block.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { EventMessage } from '../model/event-message.js';
import type { KnownChildren } from '../model/factory-child.js';
import type { AbiFragment } from '../model/pipeline.js';
import type { RunRequest } from '../model/run-request.js';
import type { HistoryCut } from '../model/shard.js';
import type { Progress } from '../model/task.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

/** What a component is in its pipeline: the first one is the source, then stages and sinks follow. */
export type Role = 'source' | 'stage' | 'sink';

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
  /** Returns the signatures of the events that it knows, each once. */
  events(config: C): readonly string[];
  /** Returns the fields of these events' data. */
  fields(config: C): readonly EventFields[];
  /** Makes what turns a log into what a run would store, for whoever audits or previews. */
  decoder(config: C): Promise<LogDecoder>;
  /** Makes what an audit judges by, where that takes more than the config; left out: `decoder`. */
  audit?(config: C, opening: AuditOpening): Promise<Audit>;
  open(config: C, opening: SourceOpening): Promise<Source>;
}

/** What an audit of stored rows judges by. */
export interface Audit {
  readonly decoder: LogDecoder;
  /** The children of a factory, as the chain tells them; null: the contracts are given. */
  readonly children: KnownChildren | null;
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
}

/** What the data of one of the source's events holds on its way. */
export interface EventFields {
  readonly eventName: string;
  readonly eventSignature: string;
  readonly fields: readonly Field[];
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
  /** Says what it makes of an event's fields; left out: it leaves them as they are. */
  fields?(config: C, above: EventFields): EventFields;
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
  /** The events to deliver, by name; null: all. */
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
  /** Says what would keep it from being opened with these events, so that a definition is refused for it. Left out: nothing. */
  problems?(config: C, events: readonly EventFields[]): Promise<readonly Remark[]>;
  /** Opens it; `${NAME}` in its config has been replaced by what the environment says. Need not connect yet. */
  open(config: C, opening: SinkOpening): Promise<Sink>;
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

/** A kind of component, whatever its config. */
export type Kind<C extends object = object> = SourceKind<C> | StageKind<C> | SinkKind<C>;

/** What a person asked of this run on the command line; undefined: what the definition says. */
export type RunOptions = RunRequest;

/** What a source knows of its work, and of its chain. */
export interface Known extends Partial<Omit<Progress, 'events'>> {
  /** The newest block that the chain can't replace any more; -1: none yet. */
  readonly finalizedBlock?: number | undefined;
}

/** What a source is given for one run. */
export interface SourceContext {
  readonly run: RunOptions;
  /** Where the pipeline stands in the database. */
  readonly checkpoint: Checkpoint;
  /** The remembered blocks above the finalized one, ascending. */
  readonly recentBlocks: readonly BlockRef[];
  /** Returns the newest block, not above a number, of which the pipeline has rows; null where it has none. */
  readonly storedBlock: (atMost: number) => Promise<BlockRef | null>;
  /** Returns the children of a factory that have been found; null where none have been looked for. */
  readonly knownChildren: () => Promise<KnownChildren | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Tells that work moved (a good answer of the node, a finished wait for the next block), and what is now known. It
   * counts while the next message is waited for: what a source reads ahead while a message is committed is told, too, and
   * costs nothing. It may renew the lease, and pauses while the database is away. Throws LeaseLostError where the lease is
   * lost: let it pass.
   */
  moved(known?: Known): Promise<void>;
  /** Aborted when the run shall end soon: begin nothing new, send what is complete, return. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped; a source then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** The first component of a pipeline: yields what is to be appended, and what the chain takes back. */
export interface Source {
  /**
   * Sends what the chain holds, in order, until the target is reached or `stopping` is aborted. The consumer commits one
   * message after the other, and asks for the next one while it commits one.
   */
  messages(context: SourceContext): AsyncGenerator<SourceMessage, void, undefined>;
  /** Asks for the newest block that the chain can't replace any more; -1: none yet. Left out: nobody can know. */
  finalized?(signal: AbortSignal): Promise<number>;
  /**
   * Cuts what a run would read of blocks that can't be replaced any more into as many stretches as the definition wants; null
   * where there is too little of it. Left out: its history can't be cut.
   */
  cut?(context: CutContext): Promise<HistoryCut | null>;
}

/** What decides how a history is cut. */
export type CutContext = Pick<SourceContext, 'run' | 'checkpoint' | 'logger' | 'clock' | 'signal'>;

/** What a stage is given for one batch. */
export interface StageContext {
  readonly logger: Logger;
  /** Tells that work moved, as a source does. */
  moved(): Promise<void>;
  readonly signal: AbortSignal;
}

/** Changes messages on their way from what is stored to the sinks below it. */
export interface Stage {
  /**
   * Returns a batch with its data changed, in the same order; what it leaves out is not delivered. It changes neither id
   * nor place, adds no message, and gives a `remove` the data of its `insert`. Where it throws, the batch is tried again.
   */
  map(messages: readonly EventMessage[], context: StageContext): Promise<readonly EventMessage[]>;
  close?(): Promise<void>;
}

/** A place between messages of a pass: up to there all is delivered. Opaque to sinks, but that they may have to keep it. */
export interface SinkCursor {
  /** The checkpoint's epoch, by which a database that was restored or promoted is known. */
  readonly epoch: string;
  /** Grows with every holder of the pipeline's lease. */
  readonly claim: number;
  /** The text of the place; two are equal or not, and nothing else. */
  readonly place: string;
}

/** Messages that are delivered together: after a crash the same ones come again, in the same batch. */
export interface SinkBatch {
  /** In the order in which the receiver must have them: for each contract that of the chain. */
  readonly messages: readonly EventMessage[];
  /** Its first and last block; removes come before inserts, so that messages need not ascend. */
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Where the sink stands before it, and once it is delivered. */
  readonly before: SinkCursor | null;
  readonly after: SinkCursor;
}

/** Events that are delivered together as they lie in the pipeline's database. */
export interface StoredBatch {
  readonly events: StoredStretch;
  /** Where the sink stands once they are delivered. */
  readonly after: SinkCursor;
}

/** What a sink is given for one delivery. */
export interface SinkContext {
  readonly logger: Logger;
  /**
   * Reads, in the order of the chain, what some blocks hold once the pass is over to which the batch belongs, as the stages
   * make it: for a target that is written anew in pieces. The same pass gives the same messages again.
   */
  inserts(blocks: BlockRange): AsyncIterable<readonly EventMessage[]>;
  /** Aborted when calls in the air must be dropped; the sink then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** All that is due has been handed to a sink. */
export interface Settled {
  /** Up to this block: what lies below it has all come. */
  readonly block: number;
  /** Where the sink stands. */
  readonly cursor: SinkCursor;
  /** Nothing more will come in this run. */
  readonly ends: boolean;
}

/** Delivers messages. It keeps nothing back: who calls it decides what is tried again, and when. */
export interface Sink {
  /**
   * Resolves once the receiver has all of a batch for good. Throws MessageRefusedError where the receiver will never take
   * it as it is: its halves are then tried, down to the message that is refused. Whatever else it throws means that the
   * receiver can't be reached now: the batch is tried again for as long as it takes.
   */
  deliver(batch: SinkBatch, context: SinkContext): Promise<void>;
  /**
   * Delivers events that no stage changes from where they lie, which spares the run making messages of them. Resolves with
   * false where it can't, with nothing delivered: their messages come then. What it throws means what it does for
   * `deliver`. Left out: it wants messages.
   */
  deliverStored?(batch: StoredBatch, context: SinkContext): Promise<boolean>;
  /**
   * Claims the target and returns the cursor that it keeps beside what was delivered: of a target that moves both at once,
   * which makes each message land exactly once. Left out: the pipeline's database keeps the cursor.
   */
  claim?(claim: Omit<SinkCursor, 'place'>, context: SinkContext): Promise<SinkCursor | null>;
  /**
   * Told when all that is due has been handed over: a sink that gathers what it got, to write it in larger pieces, finishes
   * what is ripe, and all of it where the run ends. What it throws is treated as for `deliver`.
   */
  settle?(settled: Settled, context: SinkContext): Promise<void>;
  /** The last block that the target holds for good, where a sink gathers; null: none yet. */
  readonly keptBlock?: number | null;
  /** The place of the cursor that `claim` would return now, where a sink gathers; null: none. Who prunes keeps what lies behind it. */
  readonly keptPlace?: string | null;
  /** Lets connections go. May be called twice. */
  close(): Promise<void>;
}
