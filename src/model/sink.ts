/** How far a sink of a pipeline has delivered, as its row has it. */
export interface SinkStanding {
  readonly pipelineId: number;
  readonly name: string;
  readonly type: string;
  readonly paused: boolean;
  /** The epoch of the checkpoint that its place belongs to; null before its first run. */
  readonly epoch: string | null;
  readonly claim: number;
  /** The text of its place; null before its first run. */
  readonly place: string | null;
  /** The text of the place that its receiver was told last; null where it was told none. */
  readonly sentPlace: string | null;
  /** Rows of this version, up to this block, were there before the sink: it is told neither of them nor of their end. */
  readonly base: { readonly version: number; readonly block: number };
  /** Of events of these names or full signatures it may have been told, whatever it wants now; none: of all. Null: of those that it wants. */
  readonly toldEvents: readonly string[] | null;
  /** Up to this block all is delivered; null: nothing is. */
  readonly cursorBlock: number | null;
  /** How often a person has asked for something to be sent again, and from which block the last time. */
  readonly replay: number;
  readonly replayFrom: number | null;
  /** What it tried last did not work. */
  readonly failing: boolean;
  /** For how long, by the database's clock; null: it works. */
  readonly failingSeconds: number | null;
  readonly lastError: string | null;
  /** In the database's time zone, without a suffix. */
  readonly lastErrorTime: string | null;
  readonly deadLetters: number;
  /** Those that a person wants to be tried again. */
  readonly dueLetters: number;
}

/** What a person wants of a sink, as somebody who has done it knew it. */
export type SinkWish = Pick<SinkStanding, 'name' | 'paused' | 'replay'>;
