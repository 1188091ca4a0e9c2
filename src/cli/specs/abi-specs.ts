import type { ArgumentSpec } from '../command-line/command-outline.js';
import type { CommandSpec } from '../command-line/command-spec.js';

const id: ArgumentSpec = { name: 'id', description: "the stored ABI's id", kind: 'id' };
const load = () => import('../commands/abi.js');

/** Commands about stored ABIs. */
export const abiSpecs: readonly CommandSpec[] = [
  {
    name: 'abi',
    summary: 'store ABIs that definitions name as abi_id:N',
    commands: [
      {
        name: 'add',
        summary: 'store an ABI; prints its id',
        arguments: [{ name: 'file', description: 'a JSON ABI, or a compiler artifact that has one' }],
        options: [{ flags: '--name <name>', description: "what to call it; the file's name where left out" }],
        load: async () => (await load()).addAbi,
      },
      { name: 'list', summary: 'list the stored ABIs', load: async () => (await load()).listAbis },
      { name: 'show', summary: 'show a stored ABI', arguments: [id], load: async () => (await load()).showAbi },
      {
        name: 'remove',
        summary: 'remove a stored ABI; pipelines keep their copies',
        arguments: [id],
        load: async () => (await load()).removeAbi,
      },
    ],
  },
];
