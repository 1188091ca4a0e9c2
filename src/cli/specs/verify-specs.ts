import type { CommandSpec } from '../command-line/command-spec.js';

/** The command that audits stored rows. */
export const verifySpecs: readonly CommandSpec[] = [
  {
    name: 'verify',
    summary: 'compare stored rows with the chain, and repair them where asked to',
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
      {
        flags: '--rpc-url <url>',
        description: 'RPC endpoint; of several, others than the first are read',
        repeatable: true,
      },
    ],
    load: async () => (await import('../commands/verify.js')).verify,
  },
];
