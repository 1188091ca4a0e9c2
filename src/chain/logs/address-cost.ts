/** A sample of blocks that were read whichever contract their logs are of. */
export interface BlockSample {
  readonly blocks: number;
  /** All logs with the wanted topics, and those of wanted contracts among them. */
  readonly logs: number;
  readonly wanted: number;
  /** How long the answer was. */
  readonly bytes: number;
}

/** What a request costs beside its bytes, in milliseconds, and how many bytes come in one. */
const requestMs = 50;
const bytesPerMs = 10_000;
/** How long an address is in a request. */
const addressBytes = 45;
/** How many logs an answer may hold. */
const logsOfAnswer = 9_900;
const unknownLogBytes = 600;

/**
 * Says whether it is cheaper to ask for the logs of whichever contract, and to leave out here what is not wanted, than for those
 * of the addresses in `parts` requests; `blocks` is how many a request may ask for.
 */
export function isCheaperWithoutAddresses(
  sample: BlockSample,
  { addresses, parts, blocks }: { readonly addresses: number; readonly parts: number; readonly blocks: number },
): boolean {
  const bytesOfLog = sample.logs === 0 ? unknownLogBytes : sample.bytes / sample.logs;
  const [all, wanted] = [sample.logs / sample.blocks, sample.wanted / sample.blocks];
  // What a block costs: its share of a request, and its bytes.
  const without = requestMs / sizeOf(blocks, all) + (all * bytesOfLog) / bytesPerMs;
  const asked = parts * requestMs + (addresses * addressBytes) / bytesPerMs;
  const by = asked / sizeOf(blocks, wanted / parts) + (wanted * bytesOfLog) / bytesPerMs;
  return without < by;
}

/** How many blocks one request can ask for. */
function sizeOf(blocks: number, logsPerBlock: number): number {
  return Math.max(1, Math.min(blocks, logsOfAnswer / Math.max(logsPerBlock, Number.MIN_VALUE)));
}
