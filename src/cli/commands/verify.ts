import { ChainClient } from '../../chain/blocks/chain-client.js';
import { sourceOf } from '../../components/source-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { ExitCode } from '../../runtime/errors.js';
import { AuditReader } from '../../tasks/verify/audit-reader.js';
import { verifyPipeline } from '../../tasks/verify/verify-pipeline.js';
import type { VerifyReport } from '../../tasks/verify/verify-report.js';
import type { CommandContext } from '../context/context.js';
import { printVerifyReport, progressOf } from '../texts/describe-verification.js';
import { findUrls } from '../../tasks/run/prepare-run.js';
import { stopCode } from '../context/signals.js';
import { withDatabase } from '../context/opened-databases.js';
import { deliver } from '../running/deliver.js';
import type { Database } from '../../database/database.js';
import type { CommandBody } from '../command-line/command.js';
import { checkBlockRange, type BlockRange } from '../command-line/options.js';

export const command: CommandBody = {
  arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
  options: [
    {
      flags: '--from-block <n>',
      description: 'first block, inclusive; the first that was read where left out',
      kind: 'number',
    },
    { flags: '--to-block <n>', description: 'last block, inclusive; the checkpoint where left out', kind: 'number' },
    { flags: '--repair', description: 'put right what is missing, too much or different; a run may go on meanwhile' },
    { flags: '--receipts', description: 'read the receipts of every block and prove them by their root; slow' },
  ],
  // Of several endpoints, others than the first are read.
  settings: ['rpc_urls', 'max_requests', 'rps'],
  action: verify,
};

interface VerifyOptions extends BlockRange {
  readonly id: number;
  readonly repair?: boolean;
  readonly receipts?: boolean;
}

/** Who audits rather hears soon that an endpoint is away than waits for it. */
const patience = { attempts: 6, outageAttempts: 12 };

/** Compares a pipeline's stored rows with the chain; ends with 1 where anything is wrong and was not repaired. */
async function verify(context: CommandContext, options: VerifyOptions): Promise<ExitCode> {
  const { id } = options;
  checkBlockRange(options);
  try {
    const report = await withDatabase(context, (database) => verifyIn(database, context, options));
    await printVerifyReport(context.output, { pipelineId: id, receipts: options.receipts === true }, report);
    // The sinks are told of what was put right.
    if (report.counts.repaired > 0) await deliver(context, id);
    return report.isRight ? 0 : 1;
  } catch (error) {
    if (context.signals.stopping.aborted) return stopCode(context.signals.stopping);
    throw error;
  } finally {
    context.statusLine?.show('');
  }
}

async function verifyIn(database: Database, context: CommandContext, options: VerifyOptions): Promise<VerifyReport> {
  const { clock, logger, signals, statusLine, output } = context;
  const { id, repair = false, receipts = false, ...range } = options;
  const source = sourceOf(await new PipelineStore(database).get(id));
  const { batchSize } = source;
  const chain = openChain(context, source);
  try {
    return await verifyPipeline({
      ...{ database, pipelineId: id, chainId: source.chain.id, batchSize, repair, receipts, ...range },
      ...{
        chain,
        reader: AuditReader.ofOthers(chain, logger),
        audit: (opening) => source.audit(opening),
        clock,
        logger,
      },
      onProgress: (report) => statusLine?.show(progressOf(report, output.lang)),
      signal: signals.stopping,
    });
  } finally {
    await chain.close();
  }
}

function openChain(context: CommandContext, { chain: { name, id } }: PipelineSource): ChainClient {
  const { settings, clock, logger } = context;
  const { maxRequests, requestsPerSecond } = settings;
  const load = { maxRequests, requestsPerSecond };
  return new ChainClient({ urls: findUrls(settings, name), chainId: id, clock, logger, ...load, ...patience });
}
