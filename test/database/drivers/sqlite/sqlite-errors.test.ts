import { expect } from 'chai';
import { classify, hint } from '../../../../src/database/drivers/sqlite/sqlite-errors.js';

describe('what SQLite throws', () => {
  it('is told of a disk that may be full where a file beside the database can not grow', () => {
    const error = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_SHMSIZE' });
    expect(classify(error)).to.equal('unreachable');
    expect(hint(error)).to.match(/^the disk is full \(df -h\), or it fails/);
  });

  it('is told of a file that is read-only with the files beside it, of which one may be so alone', () => {
    const error = Object.assign(new Error('attempt to write a readonly database'), { code: 'SQLITE_READONLY' });
    expect(classify(error)).to.equal('unreachable');
    expect(hint(error))
      .to.contain('read-only for this user')
      .and.to.match(/-wal.*-shm/);
  });
});
