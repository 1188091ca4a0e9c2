import { expect } from 'chai';
import { refuseDyingAddon } from '../../../../src/database/drivers/sqlite/dying-addon.js';
import { RuntimeFailure } from '../../../../src/runtime/errors.js';

describe("SQLite's addon, compiled with headers of Node 24.19 or newer", () => {
  const faulty = Buffer.from('\x7fELF _ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_');

  it('is refused by Node 24, which it would end at any time, with what to do', () => {
    expect(() => refuseDyingAddon('sqlite:a.db', '24.21.0', () => faulty))
      .to.throw(
        RuntimeFailure,
        /^the database sqlite:a\.db can't be opened: .*better_sqlite3\.node was compiled with headers/,
      )
      .with.property('hint')
      .that.contains('npm rebuild better-sqlite3');
  });

  it('is no fault where it was compiled with older ones', () => {
    refuseDyingAddon('sqlite:a.db', '24.21.0', () => Buffer.from('\x7fELF'));
  });

  it('is not even read by a Node of another major version', () => {
    for (const version of ['20.20.2', '22.23.3', '26.1.0'])
      refuseDyingAddon('sqlite:a.db', version, () => expect.fail('was read'));
  });
});
