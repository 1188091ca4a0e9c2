import * as is from './setting-values.js';
import { onOff, setting } from './setting.js';

/** Where the HTTP API listens, and who may use it. */
export const apiSettings = {
  host: setting({
    key: 'api.host',
    flag: '--host <address>',
    default: '127.0.0.1',
    read: is.host,
    title: 'API host',
    description: 'address to listen on; 127.0.0.1 where left out',
    hint: 'write an address to listen on, such as 127.0.0.1 or 0.0.0.0',
  }),
  /** 0: one that is free. */
  port: setting({
    key: 'api.port',
    flag: '--port <port>',
    default: '8000',
    read: is.port,
    title: 'API port',
    description: 'port to listen on; 8000 where left out',
    hint: 'write a port, such as 8000; 0 takes any that is free',
  }),
  /** What allows everything; null: none is set. */
  token: setting({
    key: 'api.token',
    read: is.token,
    title: 'API token',
    description: 'token that allows everything',
    hint: 'write letters and digits, such as openssl rand -hex 32 prints them',
    secret: 'password',
  }),
  /** What allows reading; null: none is set. */
  readToken: setting({
    key: 'api.read_token',
    read: is.token,
    title: 'API read token',
    description: 'token that allows reading',
    hint: 'write letters and digits, such as openssl rand -hex 32 prints them',
    secret: 'password',
  }),
  /** Requests a minute of one address; null: no limit. */
  rateLimit: setting({
    key: 'api.rate_limit',
    default: '60000',
    read: is.countOrOff('requests a minute'),
    title: 'API rate limit',
    description: 'requests a minute of one address',
    hint: 'write requests a minute of one address, such as 60000, or off',
  }),
  /** Answers also say what the older program's said, and bodies of its clients are taken. */
  olderClients: onOff({
    key: 'api.older_clients',
    flag: '--older-clients',
    default: 'off',
    title: 'answers for older clients',
    description: "answer the older program's clients, too",
  }),
  /** Blocks that a live pipeline may be behind the head in a system that is ready; null: without a limit. */
  maxLagBlocks: setting({
    key: 'api.max_lag',
    default: '1000',
    read: is.countOrOff('blocks'),
    title: 'largest lag of a pipeline that is ready',
    description: 'blocks that a live pipeline may be behind while `/readyz` says that all is well',
    hint: 'write blocks, such as 1000, or off',
  }),
  /** Of the variables that definitions may name, those that one stored by the API may. */
  variables: setting({
    key: 'api.variables',
    read: is.listOf(/^[A-Za-z_]\w*$/, 'has a word that is no name of a variable'),
    title: 'variables for the API',
    description: 'variables that definitions stored by the API may read',
    hint: 'write names of variables with commas between them, such as HOOK_URL,HOOK_SECRET',
  }),
  /** Private hosts that a definition stored by the API may reach. */
  privateHosts: setting({
    key: 'api.private_hosts',
    read: is.listOf(/^[\w.:[\]%-]{1,255}$/, 'has a word that is no host'),
    title: 'private hosts for the API',
    description: 'private hosts that definitions stored by the API may reach',
    hint: 'write hosts, each with its port if you like, with commas between them, such as kafka:9092,10.0.0.5',
  }),
} as const;

/** Where a run, a worker or a monitor serves its metrics. */
export const metricsSettings = {
  host: setting({
    key: 'metrics.host',
    flag: '--metrics-host <address>',
    default: '127.0.0.1',
    read: is.host,
    title: 'metrics host',
    description: 'address to serve them on; 127.0.0.1 where left out',
    hint: 'write an address to listen on, such as 127.0.0.1',
  }),
  /** Null: nowhere; 0: one that is free. */
  port: setting<number | null, 'metrics.port'>({
    key: 'metrics.port',
    flag: '--metrics-port <port>',
    default: 'off',
    read: is.orNull(/^(?:off|none|)$/i, is.port),
    title: 'metrics port',
    description: 'serve metrics for Prometheus on this port; off where left out',
    hint: 'write a port, such as 9464; 0 takes any that is free, off serves none',
  }),
} as const;
