import type { CommandSpec } from '../command-line/command-spec.js';

/** The HTTP API. */
export const serveSpecs: readonly CommandSpec[] = [
  {
    name: 'serve',
    summary: 'serve the HTTP API and the dashboard',
    options: [
      { flags: '--host <address>', description: 'address to listen on; 127.0.0.1 where left out' },
      { flags: '--port <port>', description: 'port to listen on; 8000 where left out' },
      { flags: '--insecure', description: 'let anybody on the network change everything, without a token' },
    ],
    stopsGracefully: true,
    load: async () => (await import('../commands/serve.js')).serve,
  },
];
