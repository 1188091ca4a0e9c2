import type { Database } from '../database/database.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { SecretMask } from '../runtime/secrets.js';
import type { Settings } from '../settings/settings.js';

/** What the API is made of. */
export interface ApiParts {
  readonly database: Database;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: SecretMask;
  /** The version of the program. */
  readonly version: string;
  /** The folder that relative paths of logs start from. */
  readonly cwd: string;
  /** Aborted when the server shall end. */
  readonly stopping: AbortSignal;
}
