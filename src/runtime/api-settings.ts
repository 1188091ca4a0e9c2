import { apiSettingDefinitions } from './api-setting-definitions.js';
import type { SecretMask } from './secrets.js';
import type { SettingsReader } from './settings-reader.js';

/** Where the HTTP API listens, and who may use it. */
export interface ApiSettings {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** What allows everything; null: none is set. */
  readonly token: string | null;
  /** What allows reading; null: none is set. */
  readonly readToken: string | null;
  /** Requests a minute of one address; null: no limit. */
  readonly rateLimit: number | null;
  /** Blocks that a live pipeline may be behind the head in a system that is ready; null: without a limit. */
  readonly maxLagBlocks: number | null;
}

/** Reads the settings of the API; throws UsageError where one is malformed. */
export function readApiSettings(reader: SettingsReader): ApiSettings {
  const definitions = apiSettingDefinitions;
  return {
    host: reader.read(definitions.host),
    port: reader.read(definitions.port),
    token: reader.read(definitions.token),
    readToken: reader.read(definitions.readToken),
    rateLimit: reader.read(definitions.rateLimit),
    maxLagBlocks: reader.read(definitions.maxLagBlocks),
  };
}

/** Remembers a setting's text where it is a secret of the API; `name` is the one that its source knows it by. */
export function rememberApiSecrets(name: string, text: string, secrets: SecretMask): void {
  if (/^(?:api\.(?:read_)?token|CHAINPARSE_API_(?:READ_)?TOKEN)$/.test(name)) secrets.rememberPassword(text);
}
