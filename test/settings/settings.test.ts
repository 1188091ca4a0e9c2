import { expect } from 'chai';
import { ProblemsError, UsageError } from '../../src/runtime/errors.js';
import { SecretMask } from '../../src/runtime/secrets.js';
import { loadSettings, type LoadedSettings } from '../../src/settings/settings.js';
import type { Environment, Flags } from '../../src/settings/settings-sources.js';
import { thrownBy } from '../support/rejection.js';

interface Given {
  readonly flags?: Flags;
  readonly env?: Environment;
  readonly dotEnv?: string;
  readonly config?: string;
  readonly secrets?: SecretMask;
}

function load({ flags = {}, env = {}, dotEnv, config, secrets }: Given): LoadedSettings {
  const readFile = (path: string): string => {
    const text = path === '/place/.env' ? dotEnv : path === '/place/chainparse.config.yaml' ? config : undefined;
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadSettings({ flags, env, cwd: '/place', readFile, secrets });
}

function refusal(given: Given): UsageError {
  return thrownBy(() => load(given), UsageError);
}

function originOf(name: string, given: Given): string | undefined {
  return load(given).shown.find((setting) => setting.name === name)?.origin;
}

describe('loadSettings', () => {
  it('knows a default for every setting', () => {
    const { settings } = load({});
    expect(settings).to.deep.include({
      databaseUrl: 'sqlite:chainparse.db',
      databaseTimezone: undefined,
      heartbeatIntervalSeconds: 30,
      stallAfterSeconds: 300,
      doubtSeconds: 2,
      maxRequests: 64,
      requestsPerSecond: null,
      taskTimeoutMinutes: 60,
      checkIntervalSeconds: 300,
      logDir: 'logs',
      logLevel: 'info',
      logFormat: 'auto',
      lang: 'en',
    });
    expect(settings.rpcUrls('ethereum')).to.deep.equal([]);
  });

  it('serves metrics only where a port is given, on this computer alone', () => {
    expect(load({}).settings.metrics).to.deep.equal({ host: '127.0.0.1', port: null });
    const given = { env: { CHAINPARSE_METRICS_PORT: '9464' }, config: 'metrics:\n  host: 0.0.0.0\n  port: 1' };
    expect(load(given).settings.metrics).to.deep.equal({ host: '0.0.0.0', port: 9464 });
    expect(load({ ...given, flags: { metricsPort: 'off' } }).settings.metrics.port).to.equal(null);
    expect(refusal({ flags: { metricsPort: '70000' } }).message).to.match(/^metrics port '70000' .*at most 65535/);
  });

  it('lets a flag beat the environment, that .env, that the file, and that the default', () => {
    const flag = { flags: { stallAfter: '1' } };
    const env = { env: { CHAINPARSE_STALL_AFTER: '2' } };
    const dotEnv = { dotEnv: 'CHAINPARSE_STALL_AFTER=3' };
    const config = { config: 'lang: zh\nstall_after: 4' };
    const places: Given[] = [
      { ...flag, ...env, ...dotEnv, ...config },
      { ...env, ...dotEnv, ...config },
    ];
    places.push({ ...dotEnv, ...config }, config, {});
    expect(places.map((given) => load(given).settings.stallAfterSeconds)).to.deep.equal([1, 2, 3, 4, 300]);
    expect(places.map((given) => originOf('stall_after', given))).to.deep.equal([
      'flag --stall-after',
      'environment CHAINPARSE_STALL_AFTER',
      '.env CHAINPARSE_STALL_AFTER',
      'chainparse.config.yaml:2',
      'default',
    ]);
  });

  it('reads every key of the configuration file', () => {
    const config = [
      'database: mysql://root:pw@db/chain',
      'database_timezone: +08:00',
      'rpc_urls:',
      '  ethereum: https://a.example',
      '  bsc: [https://b.example, https://c.example]',
      '  chain-31337: http://127.0.0.1:8545',
      'heartbeat_interval: 1.5',
      'stall_after: 10',
      'doubt: 0',
      'max_requests: 16',
      'rps: 25',
      'task_timeout: 0.5',
      'check_interval: 5',
      'log_dir: /var/log',
      'log_level: debug',
      'log_format: json',
      'lang: zh',
    ].join('\n');
    const { settings } = load({ config, env: { LANG: 'en_US.UTF-8' } });
    expect(settings).to.deep.include({
      databaseUrl: 'mysql://root:pw@db/chain',
      databaseTimezone: '+08:00',
      heartbeatIntervalSeconds: 1.5,
      stallAfterSeconds: 10,
      doubtSeconds: 0,
      maxRequests: 16,
      requestsPerSecond: 25,
      taskTimeoutMinutes: 0.5,
      checkIntervalSeconds: 5,
      logDir: '/var/log',
      logLevel: 'debug',
      logFormat: 'json',
      lang: 'zh',
    });
    expect(settings.rpcUrls('bsc')).to.deep.equal(['https://b.example', 'https://c.example']);
    expect(settings.rpcUrls('chain-31337')).to.deep.equal(['http://127.0.0.1:8545']);
  });

  it('takes an empty file, an empty key and an empty variable for nothing', () => {
    const given = { config: '# nothing\nstall_after:\nrpc_urls:\n', dotEnv: '', env: { CHAINPARSE_STALL_AFTER: ' ' } };
    expect(load(given).settings.stallAfterSeconds).to.equal(300);
    expect(load({ config: '' }).settings.stallAfterSeconds).to.equal(300);
  });

  it('names file, line and nearest key of an unknown key', () => {
    const error = refusal({ config: 'lang: en\nheartbeat_intervall: 3' });
    expect(error.message).to.equal("chainparse.config.yaml:2: unknown key 'heartbeat_intervall'");
    expect(error.hint).to.equal("did you mean 'heartbeat_interval'?");
    expect(refusal({ config: 'zzzz: 1' }).hint).to.contain('the keys are database,');
  });

  it('names file and line of what is no YAML, no map, or has the wrong shape', () => {
    expect(refusal({ config: 'lang: en\nlang: zh' }).message).to.match(/^chainparse\.config\.yaml:2: is no valid YAML/);
    expect(refusal({ config: '- a' }).message).to.equal('chainparse.config.yaml:1: holds no map of settings');
    expect(refusal({ config: 'lang: [en]' }).message).to.equal("chainparse.config.yaml:1: 'lang' must be one value");
    expect(refusal({ config: '\nrpc_urls: x' }).message).to.contain(":2: 'rpc_urls' must map");
  });

  it('says of a malformed value which setting, from where, what is wrong and what to do', () => {
    const error = refusal({ env: { CHAINPARSE_HEARTBEAT_INTERVAL: 'soon' } });
    expect(error.exitCode).to.equal(2);
    expect(error.message).to.equal(
      "heartbeat interval 'soon' (environment CHAINPARSE_HEARTBEAT_INTERVAL) is not a number of seconds",
    );
    expect(error.hint).to.equal('write seconds, such as 30');
  });

  const malformed: readonly (readonly [Flags, RegExp])[] = [
    [{ heartbeatInterval: '0' }, /greater than zero/],
    [{ heartbeatInterval: '-1' }, /not a number/],
    [{ heartbeatInterval: '1e400' }, /not a number/],
    [{ heartbeatInterval: '' }, /not a number/],
    [{ interval: '99999999999' }, /at most/],
    [{ logLevel: 'loud' }, /not one of trace/],
    [{ logFormat: 'auto' }, /not one of pretty, json/],
    [{ lang: 'fr' }, /not one of en, zh/],
    [{ database: 'oracle://u:hidden@h/db' }, /is no database URL/],
    [{ database: 'sqlite:' }, /names no file/],
    [{ database: 'mysql://root:hidden@h:3306' }, /names no database/],
    [{ database: 'mysql://root:hid#den@h:3306/db' }, /is malformed/],
    [
      { database: 'postgres://u:hidden@/db?host=/socket' },
      /a socket it is postgres:\/\/\/database, and behind that \?host=/,
    ],
    [{ database: 'postgres://root:hidden@a,b/db' }, /names several hosts: write a URL for each node/],
    [{ database: 'mysql://root:hidden@a/db,mysql://root:hidden@b/other' }, /names several databases/],
    [{ database: 'mysql://root:hidden@a/db,mysql://root@b' }, /names no database/],
    [{ database: 'postgres://u:hidden@h/db?sslmodee=require' }, /'sslmodee' \(known are sslmode, .*is sslmode/],
    [{ database: 'mysql://u:hidden@h/db,mysql://u:hidden@i/db?foo=hidden' }, /unknown parameter 'foo'/],
    [{ database: 'sqlite:a.db?x=1' }, /has the parameter 'x': a SQLite file takes none/],
    [{ database: 'sqlite:a.db,mysql://root:hidden@b/db' }, /names a file beside servers/],
    [
      { rpcUrl: ['ftp://user:hidden@h'] },
      /RPC URL 'ftp:\/\/user:\*\*\*@h' \(flag --rpc-url\) is no URL of HTTP or a WebSocket/,
    ],
    [{ rpcUrl: ['https://user:100%hid@h'] }, /RPC URL '.*' \(flag --rpc-url\) has a login that is not percent-/],
    [{ portalUrl: 'https://user:100%hid@h' }, /has a login that is not percent-encoded \(write % as %25\)/],
    [{ rpcUrl: [''] }, /is empty/],
  ];
  for (const [flags, problem] of malformed) {
    it(`refuses ${JSON.stringify(flags)}`, () => {
      const error = refusal({ flags });
      expect(error.message).to.match(problem);
      expect(error.message).to.match(/flag --/);
      expect(`${error.message} ${error.hint ?? ''}`).not.to.contain('hid');
    });
  }

  it('tells all that is wrong at once, wherever it stands', () => {
    const given: Given = {
      flags: { maxRequests: 'many', rpcUrl: ['ftp://a.example', 'nowhere'] },
      env: { CHAINPARSE_HEARTBEAT_INTERVAL: 'soon', MYSQL_HOST: 'db', MYSQL_PORT: 'x' },
      dotEnv: 'LOG_LEVEL=loud\nthis is no line\nA="open',
      config: 'lang: fr\nstall: 3\nalerts:\n  lag: [1]\n  lagg: 1\napi: 1\nrpc_urls:\n  bsc: bsc.example',
    };
    expect(thrownBy(() => load(given), ProblemsError).problems.map(({ message }) => message)).to.deep.equal([
      '.env:2: this line names no variable and its value',
      '.env:3: the quote of A is not closed',
      "chainparse.config.yaml:2: unknown key 'stall'",
      "chainparse.config.yaml:4: 'lag' must be one value",
      "chainparse.config.yaml:5: unknown key 'lagg'",
      "chainparse.config.yaml:6: 'api' must map names of settings to values",
      "database port 'x' (environment MYSQL_PORT) is no port",
      "heartbeat interval 'soon' (environment CHAINPARSE_HEARTBEAT_INTERVAL) is not a number of seconds",
      "requests in flight 'many' (flag --max-requests) is not a whole number from 1 to 9999999",
      "log level 'loud' (.env LOG_LEVEL) is not one of trace, debug, info, warn, error",
      "language 'fr' (chainparse.config.yaml:1) is not one of en, zh",
      "RPC URL 'ftp://a.example' (flag --rpc-url) is no URL of HTTP or a WebSocket",
      "RPC URL '***' (flag --rpc-url) is no URL of HTTP or a WebSocket",
      "RPC URL '***' (chainparse.config.yaml:8) is no URL of HTTP or a WebSocket",
    ]);
    expect(refusal({ config: 'lang: [\nb: }' }).message).to.match(
      /^\d problems: .*is no valid YAML.*; .*is no valid YAML/,
    );
  });

  it('refuses a time zone that is no offset', () => {
    expect(refusal({ env: { CHAINPARSE_DB_TIMEZONE: 'Asia/Shanghai' } }).hint).to.contain('+08:00');
    expect(load({ env: { CHAINPARSE_DB_TIMEZONE: 'UTC' } }).settings.databaseTimezone).to.equal('+00:00');
    for (const text of ['+14:01', '-14:00', '+8:00', '+08:60', '08:00']) {
      expect(refusal({ env: { CHAINPARSE_DB_TIMEZONE: text } }).message, text).to.match(/is no offset/);
    }
    for (const [text, offset] of Object.entries({ '+14:00': '+14:00', '-13:59': '-13:59', '-00:00': '+00:00' })) {
      expect(load({ env: { CHAINPARSE_DB_TIMEZONE: text } }).settings.databaseTimezone).to.equal(offset);
    }
  });

  it('refuses a timeout under three heartbeat intervals and says why', () => {
    const error = refusal({ flags: { timeout: '1' } });
    expect(error.message).to.equal(
      'task timeout 1 min (flag --timeout) is under three heartbeat intervals of 30 s (default): ' +
        'a living task would be failed for one late beat',
    );
    expect(error.hint).to.contain('at least 1.5 min');
    expect(load({ flags: { timeout: '1.5' } }).settings.taskTimeoutMinutes).to.equal(1.5);
    expect(load({ flags: { timeout: '0.05', heartbeatInterval: '1' } }).settings.taskTimeoutMinutes).to.equal(0.05);
  });

  it('reads the log level that other programs write', () => {
    expect(load({ env: { LOG_LEVEL: 'WARNING' } }).settings.logLevel).to.equal('warn');
    expect(load({ env: { LOG_LEVEL: 'Debug' } }).settings.logLevel).to.equal('debug');
  });

  it('takes the language from LANG only where nothing else names one', () => {
    expect(load({ env: { LANG: 'zh_CN.UTF-8' } }).settings.lang).to.equal('zh');
    expect(load({ env: { LANG: 'C.UTF-8' } }).settings.lang).to.equal('en');
    expect(load({ env: { LANG: 'zh_CN.UTF-8', CHAINPARSE_LANG: 'en' } }).settings.lang).to.equal('en');
  });

  it('makes a database URL of the MYSQL variables where no URL is set', () => {
    const env = { MYSQL_HOST: 'db', MYSQL_USER: 'app', MYSQL_PASSWORD: 'p@ss/w', MYSQL_DATABASE: 'chain' };
    const url = 'mysql://app:p%40ss%2Fw@db:3306/chain';
    expect(load({ env }).settings.databaseUrl).to.equal(url);
    expect(load({ env: { MYSQL_HOST: '::1', MYSQL_PORT: '3307' } }).settings.databaseUrl).to.equal(
      'mysql://root@[::1]:3307/chainparse',
    );
    expect(load({ env, config: 'database: sqlite:a.db' }).settings.databaseUrl).to.equal('sqlite:a.db');
    expect(load({ env: { MYSQL_DATABASE: 'chain' } }).settings.databaseUrl).to.equal('sqlite:chainparse.db');
    expect(refusal({ env: { MYSQL_HOST: 'db', MYSQL_PORT: 'x' } }).message).to.contain('environment MYSQL_PORT');
  });

  it("finds a chain's RPC URLs under its name, flags first", () => {
    const env = {
      ETH_RPC_URL: 'https://eth.example',
      BSC_RPC_URL: 'https://a.example, https://b.example',
      CHAIN_31337_RPC_URL: 'http://127.0.0.1:8545',
      ARBITRUM_NOVA_RPC_URL: 'https://nova.example',
    };
    const { settings } = load({ env });
    expect(settings.rpcUrls('ethereum')).to.deep.equal(['https://eth.example']);
    expect(settings.rpcUrls('bsc')).to.deep.equal(['https://a.example', 'https://b.example']);
    expect(settings.rpcUrls('chain-31337')).to.deep.equal(['http://127.0.0.1:8545']);
    expect(settings.rpcUrls('arbitrum-nova')).to.deep.equal(['https://nova.example']);
    expect(settings.rpcUrls('polygon')).to.deep.equal([]);
    const flagged = load({ env, flags: { rpcUrl: ['https://x.example', 'https://y.example'] } });
    expect(flagged.settings.rpcUrls('bsc')).to.deep.equal(['https://x.example', 'https://y.example']);
  });

  it('does not mind a malformed RPC URL of a chain that the command does not use', () => {
    const { settings } = load({ env: { SOLANA_RPC_URL: 'grpc://s.example' } });
    expect(() => settings.rpcUrls('solana')).to.throw(UsageError, 'environment SOLANA_RPC_URL');
  });

  it('shows no secret and remembers each', () => {
    const secrets = new SecretMask();
    const { shown } = load({
      secrets,
      env: { ETHEREUM_RPC_URL: 'https://rpc.example/v3/AbCd1234EfGh', MYSQL_HOST: 'db', MYSQL_PASSWORD: 'hidden!' },
    });
    expect(shown.find(({ name }) => name === 'database')?.value).to.equal('mysql://root:***@db:3306/chainparse');
    expect(shown.find(({ name }) => name === 'rpc_urls.ethereum')).to.deep.equal({
      name: 'rpc_urls.ethereum',
      value: 'https://rpc.example/***',
      origin: 'environment ETHEREUM_RPC_URL',
    });
    expect(secrets.mask('AbCd1234EfGh and hidden!')).to.equal('*** and ***');
  });

  it('tells of variables that are those of settings but for a slip, and of no other name', () => {
    const slips = { CHAINPARSE_TASK_TIMOUT: '9' };
    const others = { CHAINPARSE_HEALTH_URL: 'x', CHAINPARSE_ALERT_KEY: 'x', MY_LANG: 'x', CHAINPARSE_API_PORT: '80' };
    const { misspelt } = load({ env: { ...slips, ...others }, dotEnv: 'CHAINPARSE_LOGDIR=x\nCHAINPARSE_SECRET=x' });
    expect(misspelt).to.deep.equal([
      { origin: 'environment CHAINPARSE_TASK_TIMOUT', meant: 'CHAINPARSE_TASK_TIMEOUT' },
      { origin: '.env CHAINPARSE_LOGDIR', meant: 'CHAINPARSE_LOG_DIR' },
    ]);
  });

  it('takes a short name that differs in more than a letter, or is a short word itself, for one of its own', () => {
    const names = ['TAG', 'OPTS', 'CPUS', 'ARGS', 'LOG', 'RPC'].map((name) => [`CHAINPARSE_${name}`, 'x']);
    expect(load({ env: Object.fromEntries(names) as Record<string, string> }).misspelt).to.deep.equal([]);
  });

  it('tells of the setting that a name is most like, not of the first that it is like', () => {
    const { misspelt } = load({
      env: { CHAINPARSE_API_HOTS: 'x', CHAINPARSE_ALERT_EMAIL_FO: 'x', CHAINPARSE_LAGN: 'x' },
    });
    expect(misspelt.map(({ meant }) => meant)).to.deep.equal(['CHAINPARSE_API_HOST', 'CHAINPARSE_ALERT_EMAIL_TO']);
  });

  it('gives definitions the variables of the environment, and those of .env that are not set there', () => {
    const dotEnv = 'HOOK_URL=https://a.example\nHOOK_SECRET=file\nEMPTY=file';
    const { variables } = load({ env: { HOOK_SECRET: ' real ', EMPTY: '' }, dotEnv });
    expect(variables).to.deep.equal({ HOOK_URL: 'https://a.example', HOOK_SECRET: ' real ', EMPTY: 'file' });
    expect(load({ flags: { lang: 'zh' }, config: 'lang: en' }).variables).to.deep.equal({});
  });

  it('passes over a folder named .env and refuses a file that it may not read', () => {
    const refuse = (code: string, file: string) => () =>
      loadSettings({
        flags: {},
        env: {},
        cwd: '/place',
        readFile: (path) => {
          throw Object.assign(new Error(`${code}: ${path}`), { code: path.endsWith(file) ? code : 'ENOENT' });
        },
      });
    expect(refuse('EISDIR', '.env')).not.to.throw();
    expect(refuse('EACCES', '.env')).to.throw(UsageError, ".env can't be read");
    expect(refuse('EISDIR', '.yaml')).to.throw(UsageError, "chainparse.config.yaml can't be read: it is a folder");
  });
});
