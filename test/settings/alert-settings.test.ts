import { expect } from 'chai';
import { alertSettings } from '../../src/settings/alert-settings.js';
import type { AlertSettings } from '../../src/settings/settings.js';
import { UsageError } from '../../src/runtime/errors.js';
import { SecretMask } from '../../src/runtime/secrets.js';
import { loadSettings, type LoadedSettings } from '../../src/settings/settings.js';
import { defaultRules } from '../tasks/alerts/alert-rules.js';
import { thrownBy } from '../support/rejection.js';

function load(config: string, env: Record<string, string> = {}, secrets = new SecretMask()): LoadedSettings {
  const readFile = (path: string): string => {
    if (path === '/place/chainparse.config.yaml') return config;
    throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  };
  return loadSettings({ flags: {}, env, cwd: '/place', readFile, secrets });
}

const alertsOf = (config: string, env: Record<string, string> = {}): AlertSettings => load(config, env).settings.alerts;

function refusal(config: string, env: Record<string, string> = {}): UsageError {
  return thrownBy(() => load(config, env), UsageError);
}

describe('the settings of alerts', () => {
  it('have every rule on and nothing to send to where nothing is set', () => {
    expect(alertsOf('')).to.deep.equal(defaultRules);
  });

  it('are read from the map alerts of the configuration file', () => {
    const config = [
      'alerts:',
      '  webhook_url: https://hooks.example/T000/key',
      '  webhook_secret: whsec_c2VjcmV0c2VjcmV0',
      '  command: [/usr/local/bin/page, the team]',
      '  delivery_timeout: 2.5',
      '  repeat: 15',
      '  retention: 7',
      '  heartbeat_failures: 5',
      '  timeout_rate: 25%',
      '  timeout_rate_window: 10',
      '  timeout_rate_minimum: 1',
      '  database_unreachable: 5',
      '  no_monitor: false',
      '  task_stalled: off',
      '  sink_behind: 30',
      '  sink_dead_letters: false',
    ].join('\n');
    expect(alertsOf(config)).to.deep.include({
      webhookUrl: 'https://hooks.example/T000/key',
      webhookSecret: 'whsec_c2VjcmV0c2VjcmV0',
      command: ['/usr/local/bin/page', 'the team'],
      deliveryTimeoutSeconds: 2.5,
      repeatMinutes: 15,
      retentionDays: 7,
      heartbeatFailures: 5,
      timeoutRate: 0.25,
      timeoutRateWindowMinutes: 10,
      timeoutRateMinimum: 1,
      databaseUnreachableSeconds: 5,
      noMonitor: false,
      taskStalled: false,
      sinkBehindMinutes: 30,
      sinkDeadLetters: false,
    });
  });

  it('let an environment variable beat the file', () => {
    const env = {
      CHAINPARSE_ALERT_HEARTBEAT_FAILURES: '7',
      CHAINPARSE_ALERT_COMMAND: `sh -c 'echo "$1"' -- "two words"`,
    };
    const alerts = alertsOf('alerts:\n  heartbeat_failures: 5', env);
    expect(alerts.heartbeatFailures).to.equal(7);
    expect(alerts.command).to.deep.equal(['sh', '-c', 'echo "$1"', '--', 'two words']);
  });

  for (const off of ['0', 'off', 'false']) {
    it(`switch each rule off by '${off}'`, () => {
      const rules = [
        'repeat',
        'heartbeat_failures',
        'timeout_rate',
        'database_unreachable',
        'no_monitor',
        'task_stalled',
      ];
      const alerts = alertsOf(`alerts:\n${rules.map((rule) => `  ${rule}: ${off}`).join('\n')}`);
      expect(alerts).to.deep.include({ repeatMinutes: null, heartbeatFailures: null, timeoutRate: null });
      expect(alerts).to.deep.include({ databaseUnreachableSeconds: null, noMonitor: false, taskStalled: false });
    });
  }

  it('name file, line and nearest key of an unknown key', () => {
    const error = refusal('lang: en\nalerts:\n  webhook_ulr: https://a.example');
    expect(error.message).to.equal("chainparse.config.yaml:3: unknown key 'webhook_ulr'");
    expect(error.hint).to.equal("did you mean 'webhook_url'?");
    expect(refusal('alert: 1').hint).to.equal("did you mean 'alerts'?");
    expect(refusal('alerts: on').message).to.equal(
      "chainparse.config.yaml:1: 'alerts' must map names of settings to values",
    );
  });

  it('say what is wrong with a value, and show no secret', () => {
    const problems: readonly (readonly [string, RegExp])[] = [
      ['heartbeat_failures: 1.5', /alert after heartbeat failures '1\.5' .*:2\) is not a whole number/],
      ['timeout_rate: 20', /'20' .* must lie between 0 and 1/],
      ['timeout_rate: much', /is not a part of one/],
      ['database_unreachable: -1', /is not a number of seconds/],
      ['no_monitor: perhaps', /is not one of on, off/],
      ['webhook_url: ftp://user:hidden@h/path', /is no HTTP URL/],
      ['webhook_secret: hidden', /'\*\*\*' .* is shorter than 8 characters/],
      ['webhook_secret: whsec_hidden', /'\*\*\*' .* has no base64 of 8 bytes or more behind whsec_/],
      ['webhook_secret: "whsec_hidden%%hidden"', /has no base64/],
      ['command: "say \'hello"', /has a quote that is not closed/],
      ['command: "say --token \'hidden"', /'\*\*\*' .* has a quote that is not closed/],
      ['command: ["", x]', /names no program/],
    ];
    for (const [line, problem] of problems) {
      const { message } = refusal(`alerts:\n  ${line}`);
      expect(message).to.match(problem);
      expect(message).not.to.contain('hidden');
    }
  });

  it('are all shown, without the secrets, which are remembered', () => {
    const secrets = new SecretMask();
    const env = {
      CHAINPARSE_ALERT_WEBHOOK_URL: 'https://hooks.example/services/T0AB/Bq9ZxhiddenKey',
      CHAINPARSE_ALERT_WEBHOOK_SECRET: 'whsec_aGlkZGVuaGlkZGVu',
      CHAINPARSE_ALERT_COMMAND: 'notify --token hiddenKey --to ops',
    };
    const shown = load('', env, secrets).shown.filter(({ name }) => name.startsWith('alerts.'));
    expect(shown).to.have.length(Object.keys(alertSettings).length);
    expect(JSON.stringify(shown)).not.to.match(/hiddenKey|aGlkZGVu/);
    expect(shown.find(({ name }) => name === 'alerts.command')?.value).to.equal('notify --token *** --to ops');
    expect(shown[0]).to.deep.equal({
      name: 'alerts.webhook_url',
      value: 'https://hooks.example/***',
      origin: 'environment CHAINPARSE_ALERT_WEBHOOK_URL',
    });
    expect(secrets.mask('at Bq9ZxhiddenKey with whsec_aGlkZGVuaGlkZGVu or aGlkZGVuaGlkZGVu')).to.equal(
      'at *** with *** or ***',
    );
  });
});
