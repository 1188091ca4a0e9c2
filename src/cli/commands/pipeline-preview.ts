import { resolve } from 'node:path';
import { existsSync } from 'node:fs';
import type { ChainAccess } from '../../chain/chains.js';
import { Chains } from '../../chain/chains.js';
import type { ChainUse } from '../../chain/chains.js';
import { sourceOf } from '../../components/source-of.js';
import type { PipelineSource } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import { findByName } from '../../database/pipelines/pipeline-names.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { loadDefinition } from '../../pipeline/definition/read-definition.js';
import { UsageError } from '../../runtime/errors.js';
import { findEvents } from '../../tasks/preview/find-events.js';
import { previewMessage } from '../../tasks/preview/preview-event.js';
import { previewJson, previewStages } from '../../tasks/preview/preview-stages.js';
import { findUrls } from '../../tasks/run/prepare-run.js';
import type { CommandBody } from '../command-line/command.js';
import type { CommandContext } from '../context.js';
import { withDatabase } from '../opened-databases.js';
import { previewLines } from '../texts/describe-preview.js';

export const command: CommandBody = {
  arguments: [{ name: 'pipeline', description: "the pipeline's id or name, or a definition, YAML or JSON" }],
  options: [
    { flags: '--block <n>', description: 'the events of this block', kind: 'number' },
    { flags: '--last <n>', description: 'the last events; 1 where nothing is said', kind: 'id' },
    { flags: '--event <json>', description: 'this event, as events export writes it', kind: 'text' },
  ],
  settings: ['rpc_urls', 'heartbeat_interval'],
  action: previewPipeline,
};

interface PreviewOptions {
  readonly pipeline: string;
  readonly block?: number;
  readonly last?: number;
  readonly event?: string;
}

const noBlock = { number: 0, hash: `0x${'0'.repeat(64)}` };

/** What is previewed, and where its events may be stored; a definition in a file has none. */
interface Previewed {
  readonly id: number;
  readonly definition: PipelineDefinition;
  readonly database: Database | null;
}

/** Shows what every stage makes of real events; stores and sends nothing. */
async function previewPipeline(context: CommandContext, options: PreviewOptions): Promise<void> {
  const given = [options.block, options.last, options.event].filter((each) => each !== undefined);
  if (given.length > 1) throw new UsageError('--block, --last and --event exclude each other');
  const path = resolve(context.cwd, options.pipeline);
  if (isFile(options.pipeline, path)) {
    const definition = await load(context, path, options.pipeline);
    return show(context, options, { id: definition.id ?? 0, definition, database: null });
  }
  return withDatabase(context, async (database) => {
    const { pipeline: written } = options;
    const id = /^\d+$/.test(written) ? Number(written) : await findByName(database, written);
    return show(context, options, { id, definition: await new PipelineStore(database).get(id), database });
  });
}

function isFile(written: string, path: string): boolean {
  return !/^\d+$/.test(written) && (/[/\\]|\.(ya?ml|json)$/i.test(written) || existsSync(path));
}

function load(context: CommandContext, path: string, name: string): Promise<PipelineDefinition> {
  return loadDefinition(path, {
    name,
    heartbeatIntervalSeconds: context.settings.heartbeatIntervalSeconds,
    storedAbi: async (id) => {
      const { AbiStore } = await import('../../database/pipelines/abi-store.js');
      return (await withDatabase(context, (database) => new AbiStore(database).get(id))).abi;
    },
  });
}

async function show(context: CommandContext, options: PreviewOptions, previewed: Previewed): Promise<void> {
  const { id, definition } = previewed;
  const source = sourceOf({ ...definition, id });
  const chain = new LazyChain(context, source);
  try {
    const texts = await eventTexts(context, options, previewed, source, chain);
    const messages = await Promise.all(texts.map((text) => previewMessage(text, chain.defaults)));
    const { components } = definition;
    const { logger, signals, output } = context;
    const signal = signals.stopping;
    const result = await previewStages(messages, { pipelineId: id, components, chain, logger, signal });
    const named = { pipelineId: previewed.database === null ? definition.id : id, name: definition.name };
    if (output.isJson) await output.jsonText(`${previewJson(named, result)}\n`);
    else for (const line of previewLines(result)) await output.line(line);
    if (result.length === 0) output.note('no event was found');
  } finally {
    await chain.close();
  }
}

async function eventTexts(
  { clock, logger, signals }: CommandContext,
  { block, last = 1, event }: PreviewOptions,
  { id, database }: Previewed,
  source: PipelineSource,
  chain: LazyChain,
): Promise<readonly string[]> {
  if (event !== undefined) return [event];
  const find = { pipelineId: id, source, chain: () => chain.client, clock, logger, signal: signals.stopping };
  return findEvents(block === undefined ? { last } : { block }, database, find);
}

/** A chain that is reached only where something of it is needed: an event and a mapper can do without. */
class LazyChain implements ChainAccess {
  readonly #context: CommandContext;
  readonly #source: PipelineSource;
  #use: ChainUse | undefined;

  constructor(context: CommandContext, source: PipelineSource) {
    this.#context = context;
    this.#source = source;
  }

  get client() {
    return this.#open().client;
  }

  get heads() {
    return this.#open().heads;
  }

  /** What an event that was written by hand need not say. */
  get defaults() {
    const { settings, signals } = this.#context;
    const { name, id: chainId } = this.#source.chain;
    const hasUrls = settings.rpcUrls(name).length > 0;
    const block = async () => (hasUrls ? await this.client.header('latest', signals.stopping) : null) ?? noBlock;
    return { chainId, block };
  }

  async close(): Promise<void> {
    await this.#use?.close();
  }

  #open(): ChainUse {
    const { settings, clock, logger } = this.#context;
    const { name, id: chainId } = this.#source.chain;
    this.#use ??= new Chains({ clock }).open({ chainId, urls: findUrls(settings, name), logger });
    return this.#use;
  }
}
