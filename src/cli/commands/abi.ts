import { basename, resolve } from 'node:path';
import { eventSignatures } from '../../chain/abi/abi.js';
import { AbiStore, type StoredAbi } from '../../database/pipelines/abi-store.js';
import { readAbiFile } from '../../pipeline/definition/resolve-abi.js';
import { UsageError } from '../../runtime/errors.js';
import { plural } from '../../texts/in-both.js';
import type { CommandContext } from '../context/context.js';
import { briefInstant } from '../terminal/brief-texts.js';
import { withDatabase } from '../context/opened-databases.js';
import type { CommandBody } from '../command-line/command.js';
import type { ArgumentSpec } from '../context/command-outline.js';

const id: ArgumentSpec = { name: 'id', description: "the stored ABI's id", kind: 'id' };

/** Commands about stored ABIs. */
export const command: CommandBody = {
  commands: [
    {
      name: 'add',
      summary: 'store an ABI; prints its id',
      arguments: [{ name: 'file', description: 'a JSON ABI, or a compiler artifact that has one', kind: 'path' }],
      options: [{ flags: '--name <name>', description: "what to call it; the file's name where left out" }],
      action: addAbi,
    },
    { name: 'list', summary: 'list the stored ABIs', action: listAbis },
    { name: 'show', summary: 'show a stored ABI', arguments: [id], action: showAbi },
    {
      name: 'remove',
      summary: 'remove a stored ABI; pipelines keep their copies',
      arguments: [id],
      action: removeAbi,
    },
  ],
};

interface AddOptions {
  readonly file: string;
  readonly name?: string;
}

interface IdOption {
  readonly id: number;
}

/** Stores the ABI in a file; prints its id. */
async function addAbi(context: CommandContext, options: AddOptions): Promise<void> {
  const name = checkName(options.name ?? basename(options.file).replace(/\.json$/i, ''));
  const abi = await readAbiFile(resolve(context.cwd, options.file), options.file);
  const id = await withDatabase(context, (database) => new AbiStore(database).add(name, abi));
  const events = eventSignatures(abi);
  if (context.output.isJson) return context.output.json({ abi_id: id, name, events });
  await context.output.line(String(id));
  context.output.note(
    `ABI ${id} added: ${name} (${events.length} ${plural(events.length, 'event', 'events')}); definitions name it abi_id:${id}`,
  );
}

function checkName(text: string): string {
  const name = text.trim();
  if (name !== '' && name.length <= 255 && !/\p{Cc}/u.test(name)) return name;
  throw new UsageError('the name of an ABI must be one line of 1 to 255 characters', { hint: 'give one with --name' });
}

/** Lists the stored ABIs. */
async function listAbis(context: CommandContext): Promise<void> {
  const abis = await withDatabase(context, (database) => new AbiStore(database).list());
  if (context.output.isJson) return context.output.json({ abis: abis.map(summaryOf), total: abis.length });
  await context.output.table(
    [
      { column: 'id', align: 'right' },
      { column: 'name', least: 16 },
      { column: 'eventCount', align: 'right', cut: 1 },
      { column: 'created', cut: 2, brief: briefInstant },
    ],
    abis.map((stored) => [stored.id, stored.name, eventSignatures(stored.abi).length, stored.createTime]),
  );
}

/** Shows a stored ABI: its events, or as JSON all of it. */
async function showAbi(context: CommandContext, { id }: IdOption): Promise<void> {
  const stored = await withDatabase(context, (database) => new AbiStore(database).get(id));
  if (context.output.isJson) return context.output.json({ ...summaryOf(stored), abi: stored.abi });
  await context.output.line(`ABI ${stored.id}: ${stored.name}, added ${stored.createTime ?? 'at an unknown time'}`);
  for (const signature of eventSignatures(stored.abi)) await context.output.line(`  ${signature}`);
}

/** Removes a stored ABI; pipelines that were imported with it hold copies. */
async function removeAbi(context: CommandContext, { id }: IdOption): Promise<void> {
  await withDatabase(context, (database) => new AbiStore(database).remove(id));
  if (context.output.isJson) return context.output.json({ abi_id: id, removed: true });
  context.output.note(`ABI ${id} removed`);
}

function summaryOf({ id, name, abi, createTime }: StoredAbi): Readonly<Record<string, unknown>> {
  return { abi_id: id, name, events: eventSignatures(abi), create_time: createTime };
}
