import type { Lang } from '../../runtime/lang.js';
import type { ReportedFinding, VerifyReport } from '../../tasks/verify/verify-report.js';
import type { Cell, Output } from '../output.js';
import { briefHex } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

/** How many findings the table shows. */
const shown = 50;

const headings: readonly Heading[] = [
  { en: 'block', zh: '区块', align: 'right' },
  { en: 'log', zh: '日志序号', align: 'right' },
  { en: 'transaction', zh: '交易', cut: 2, brief: briefHex },
  { en: 'table', zh: '表', cut: 3 },
  { en: 'what', zh: '问题' },
  { en: 'columns', zh: '列', cut: 1, least: 14 },
  { en: 'state', zh: '状态' },
];

const words: Readonly<Record<string, string>> = {
  missing: '缺失',
  extra: '多余',
  different: '不同',
  found: '已发现',
  repaired: '已修复',
  doubtful: '存疑',
};

/** Prints what an audit found: a table and a summary, or all of it as JSON. */
export async function printVerifyReport(output: Output, pipelineId: number, report: VerifyReport): Promise<void> {
  if (output.isJson) return output.json(reportKeys(pipelineId, report));
  const { findings, total } = report;
  const { lang } = output;
  if (total > 0)
    await output.table(
      headings,
      findings.slice(0, shown).map((finding) => rowOf(finding, lang)),
    );
  if (total > shown)
    output.note({ en: `the first ${shown} of ${total}`, zh: `共 ${total} 处, 仅列前 ${shown} 处` }[lang]);
  await output.line(summaryOf(pipelineId, report)[lang]);
  for (const remark of remarksOf(report)) output.note(remark[lang]);
}

/** Returns how far an audit has come, in a line. */
export function progressOf({ range, blocks, total }: VerifyReport, lang: Lang): string {
  const all = range.to - range.from + 1;
  return {
    en: `verified ${blocks} of ${all} blocks, ${total} wrong`,
    zh: `已核对 ${blocks}/${all} 个区块, ${total} 处有误`,
  }[lang];
}

function rowOf(finding: ReportedFinding, lang: Lang): readonly Cell[] {
  const { blockNumber, logIndex, transactionHash, table, kind, columns, state } = finding;
  const word = (text: string): string => (lang === 'zh' ? (words[text] ?? text) : text);
  return [blockNumber, logIndex, transactionHash, table, word(kind), columns.join(', '), word(state)];
}

function summaryOf(pipelineId: number, report: VerifyReport): Readonly<Record<Lang, string>> {
  const { range, blocks, events, undecoded, counts, total } = report;
  const { missing, extra, different, repaired } = counts;
  const outcome =
    total === 0
      ? { en: 'all rows are those of the chain', zh: '所有行与链一致' }
      : {
          en: `${missing} missing, ${extra} extra, ${different} different; ${repaired} repaired`,
          zh: `缺失 ${missing}, 多余 ${extra}, 不同 ${different}; 已修复 ${repaired}`,
        };
  return {
    en: `pipeline ${pipelineId}, blocks ${range.from} to ${range.to} (${blocks}), ${events} events and ${undecoded} undecoded logs: ${outcome.en}`,
    zh: `流水线 ${pipelineId}, 区块 ${range.from} 至 ${range.to} (${blocks} 个), ${events} 个事件, ${undecoded} 条未解码日志: ${outcome.zh}`,
  };
}

function remarksOf({ counts, total, checkpointReplaced }: VerifyReport): readonly Readonly<Record<Lang, string>>[] {
  const open = total - counts.repaired - counts.doubtful;
  const replaced = {
    en: 'the block of the checkpoint was replaced: the next run takes it back by itself',
    zh: '检查点所在区块已被替换: 下次运行会自行回退',
  };
  const doubtful = {
    en: `${counts.doubtful} are doubtful: what the endpoints say does not agree; give another --rpc-url`,
    zh: `${counts.doubtful} 处存疑: 各端点说法不一; 请另给 --rpc-url`,
  };
  const repair = { en: 'hint: --repair puts the rows right', zh: '建议: --repair 可修复' };
  return [
    ...(checkpointReplaced ? [replaced] : []),
    ...(counts.doubtful > 0 ? [doubtful] : []),
    ...(open > 0 ? [repair] : []),
  ];
}

function reportKeys(pipelineId: number, report: VerifyReport): Readonly<Record<string, unknown>> {
  const { range, blocks, provenBlocks, events, undecoded, counts, findings, total } = report;
  return {
    pipeline_id: pipelineId,
    from_block: range.from,
    to_block: range.to,
    ok: report.isRight,
    blocks,
    proven_blocks: provenBlocks,
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
