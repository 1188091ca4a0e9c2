import { expect } from 'chai';
import { migrations } from '../../../migrations/index.js';
import type { Database } from '../../../src/database/database.js';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { openMigrated } from '../../support/migrated-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
