import type { Database } from '../../database/database.js';
import type { OpenOptions } from '../../database/open/open-database.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { SecretMask } from '../../runtime/secrets.js';
import type { Settings } from '../../settings/settings.js';
import type { ShownSetting } from '../../settings/settings-reader.js';
import type { CommandOutline } from './command-outline.js';
import type { Output } from '../terminal/output.js';
import type { Signals } from './signals.js';
import type { ServiceNotifier } from './service-notifier.js';
import type { QuitKey } from '../terminal/quit-key.js';
import type { StatusLine } from '../terminal/status-line.js';

/** All that a command works with. What it opens is closed when the command ends, however it ends. */
export interface CommandContext {
  readonly settings: Settings;
  /** Every setting as it may be shown. */
  readonly shownSettings: readonly ShownSetting[];
  readonly output: Output;
  /** The console's log. */
  readonly logger: Logger;
  /** Where progress is shown; undefined where stderr is no terminal or a dumb one, or only results are wanted. */
  readonly statusLine: StatusLine | undefined;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `${NAME}` in a definition stands for: the environment's variables, and those of `.env`. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signals: Pick<Signals, 'stopping'>;
  /** Tells whoever started this process as a service that its work comes round. */
  readonly service: Pick<ServiceNotifier, 'turned'>;
  /** Listens for the key that ends what is watched; release it when done. */
  quitKey(): QuitKey;
  readonly secrets: SecretMask;
  /** Loads every command: for completion. */
  readonly commands: () => Promise<readonly CommandOutline[]>;
  /** Opens the database that the settings name; it is closed after the command. */
  database(options?: Omit<OpenOptions, 'clock'>): Promise<Database>;
}
