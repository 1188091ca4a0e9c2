import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const secrets = 'test/runtime/secrets.test.ts';
const lines = guardsOf('src/runtime/line-splitter.ts', ['test/runtime/line-splitter.test.ts']);
const files = guardsOf('src/runtime/log-files.ts', ['test/runtime/task-log.test.ts', 'test/runtime/log-tail.test.ts']);
const hosts = guardsOf('src/runtime/shown-host.ts', [secrets, 'test/tasks/alerts/channels/webhook-channel.test.ts']);
const authorizer = guardsOf('src/api/guards/authorize.ts', ['test/api/security.test.ts'], 'token');
const command = guardsOf('src/cli/running/command-channel.ts', ['test/cli/running/command-channel.test.ts']);
const output = 'test/cli/terminal/output.test.ts';
const logger = 'test/cli/terminal/console-logger.test.ts';
const table = guardsOf('src/cli/terminal/render-table.ts', [output]);
const consoleLog = guardsOf('src/cli/terminal/console-logger.ts', [logger]);
const yaml = guardsOf('src/pipeline/definition/yaml-document.ts', ['test/pipeline/definition/yaml-file.test.ts']);
const abi = guardsOf('src/chain/abi/abi.ts', ['test/chain/abi/abi.test.ts']);

/** What files, nodes and callers may write that is made to harm. */
export const hostileMutants: readonly Mutant[] = [
  lines('line-room', 'a line that never ends is kept to a limit', 'part.subarray(0, room)', 'part'),
  files('log-link', 'a log is never opened through a link', 'constants.O_NOFOLLOW | ', ''),
  hosts('shown-host-key', 'a key in a host is not shown', "label.replace(/^[^:]+/, '***')", 'label'),
  hosts('remembered-host-key', 'nor where the host stands alone', '.filter(isKey)', '.filter(() => false)'),
  authorizer('basic-colon', 'Basic without a colon is no token', 'colon === -1 ? undefined : ', ''),
  command('alert-secrets', "an alert's command gets no secret", '{ ...passed,', '{ ...env, ...passed,'),
  table('table-steering', 'a cell does not steer the terminal', 'row.map(printableLine)', 'row'),
  consoleLog(
    'log-steering',
    'nor does a line of the log',
    'printableLine(secrets.mask(message))',
    'secrets.mask(message)',
  ),
  yaml('first-error', 'the first error ends the reading', 'Object.assign(composer, { onError });', 'void onError;'),
  yaml('open-brackets', 'what is open is counted', 'if (parser.stack.length > 2 * maxDepth)', 'if (false as boolean)'),
  yaml('too-many-words', 'a text has an end', 'if (++words > wordsOfNode * mostNodes)', 'if (++words < 0)'),
  abi('deep-tuples', 'tuples have an end', 'if (isDeeper(entries, 4 + 2 * maxDepth))', 'if (false as boolean)'),
  abi('deep-arrays', 'so have arrays', '.length > maxDepth + 1)', '.length > maxDepth + 2)'),
];
