import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';
import type { ReportedFinding, VerifyReport } from '../../tasks/verify/verify-report.js';
import type { Cell, Output } from '../terminal/output.js';
import { briefHex } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** How many findings the table shows. */
const shown = 50;

const headings: readonly Heading[] = [
  { column: 'block', align: 'right' },
  { column: 'logIndex', align: 'right' },
  { column: 'transaction', cut: 2, brief: briefHex },
  { column: 'table', cut: 3 },
  { column: 'what' },
  { column: 'columns', cut: 1, least: 14 },
  { column: 'state' },
];

/** Which audit it was. */
interface Audit {
  readonly pipelineId: number;
  /** Every block was to be proven by its receipts. */
  readonly receipts: boolean;
}

/** Prints what an audit found: a table and a summary, or all of it as JSON. */
export async function printVerifyReport(output: Output, audit: Audit, report: VerifyReport): Promise<void> {
  const { pipelineId } = audit;
  if (output.isJson) return output.json(reportKeys(pipelineId, report));
  const { findings, total } = report;
  const { lang } = output;
  if (total > 0)
    await output.table(
      headings,
      findings.slice(0, shown).map((finding) => rowOf(finding, lang)),
    );
  if (total > shown) output.note(textsIn(lang).verifications.first(shown, total));
  await output.line(summaryOf(pipelineId, report, lang));
  for (const remark of remarksOf(audit, report, lang)) output.note(remark);
}

/** Returns how far an audit has come, in a line. */
export function progressOf({ range, blocks, total }: VerifyReport, lang: Lang): string {
  const all = range.to - range.from + 1;
  return textsIn(lang).verifications.progress(blocks, all, total);
}

function rowOf(finding: ReportedFinding, lang: Lang): readonly Cell[] {
  const { blockNumber, logIndex, transactionHash, table, kind, columns, state } = finding;
  const { word } = textsIn(lang).verifications;
  return [blockNumber, logIndex, transactionHash, table, word[kind], columns.join(', '), word[state]];
}

function summaryOf(pipelineId: number, report: VerifyReport, lang: Lang): string {
  const { range, blocks, events, undecoded, counts, total } = report;
  const { right, rightAsFarAsKnown, wrong, summary } = textsIn(lang).verifications;
  const isKnown = report.doubtfulBlocks === 0;
  const outcome =
    total === 0
      ? isKnown
        ? right
        : rightAsFarAsKnown
      : wrong(counts.missing, counts.extra, counts.different, counts.repaired);
  return summary({ pipelineId, from: range.from, to: range.to, blocks, events, undecoded }, outcome);
}

function remarksOf({ receipts }: Audit, report: VerifyReport, lang: Lang): readonly string[] {
  const { counts, total, checkpointReplaced, blocks, provenBlocks, doubtfulBlocks, replacedBlocks, replacedRows } =
    report;
  const open = total - counts.repaired - counts.doubtful;
  const texts = textsIn(lang).verifications;
  return [
    ...(receipts && provenBlocks < blocks ? [texts.unproven(blocks - provenBlocks, blocks)] : []),
    ...(doubtfulBlocks > 0 ? [texts.doubtfulBlocks(doubtfulBlocks)] : []),
    ...(replacedBlocks > 0 ? [texts.replacedBlocks(replacedBlocks)] : []),
    ...(checkpointReplaced ? [texts.checkpointReplaced] : []),
    ...(counts.doubtful > 0 ? [texts.doubtful(counts.doubtful)] : []),
    ...(open > replacedRows ? [texts.repair] : []),
  ];
}

function reportKeys(pipelineId: number, report: VerifyReport): Readonly<Record<string, unknown>> {
  const { range, blocks, provenBlocks, doubtfulBlocks, replacedBlocks, events, undecoded, counts, findings, total } =
    report;
  return {
    pipeline_id: pipelineId,
    from_block: range.from,
    to_block: range.to,
    ok: report.isRight,
    blocks,
    proven_blocks: provenBlocks,
    doubtful_blocks: doubtfulBlocks,
    replaced_blocks: replacedBlocks,
    events,
    undecoded,
    ...counts,
    checkpoint_replaced: report.checkpointReplaced,
    findings: findings.map(findingKeys),
    findings_left_out: total - findings.length,
  };
}

function findingKeys(finding: ReportedFinding): Readonly<Record<string, unknown>> {
  return {
    kind: finding.kind,
    table: finding.table,
    block_number: finding.blockNumber,
    log_index: finding.logIndex,
    transaction_hash: finding.transactionHash,
    columns: finding.columns,
    state: finding.state,
    proof: finding.proof,
  };
}
