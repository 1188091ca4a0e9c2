import { UsageError } from '../runtime/errors.js';
import type { FoundSetting } from './setting.js';
import { findVariable, type SettingsSource } from './settings-sources.js';

/** Returns the database URL that MYSQL_HOST, _PORT, _USER, _PASSWORD and _DATABASE make, where MYSQL_HOST is set. */
export function findMysqlUrl(sources: readonly SettingsSource[]): FoundSetting | undefined {
  const host = findVariable(sources, 'MYSQL_HOST');
  if (host === undefined) return undefined;
  const user = encodeURIComponent(findVariable(sources, 'MYSQL_USER')?.text ?? 'root');
  const password = findVariable(sources, 'MYSQL_PASSWORD')?.text;
  const database = encodeURIComponent(findVariable(sources, 'MYSQL_DATABASE')?.text ?? 'chainparse');
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`;
  const address = host.text.includes(':') ? `[${host.text}]` : host.text;
  return { text: `mysql://${login}@${address}:${findPort(sources)}/${database}`, origin: host.origin };
}

function findPort(sources: readonly SettingsSource[]): number {
  const port = findVariable(sources, 'MYSQL_PORT');
  if (port === undefined) return 3306;
  const number = Number(port.text);
  if (Number.isInteger(number) && number > 0 && number < 65536) return number;
  throw new UsageError(`database port '${port.text}' (${port.origin}) is no port`, {
    hint: 'write a number from 1 to 65535',
  });
}
