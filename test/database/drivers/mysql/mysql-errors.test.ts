import { expect } from 'chai';
import { classify, hint, isPassedOver } from '../../../../src/database/drivers/mysql/mysql-errors.js';

const error = (errno: number): Error => Object.assign(new Error('no'), { errno });

describe('a node of a cluster that does not know the database', () => {
  it('is passed over, for it may only be behind, though one server alone that does not is refused', () => {
    expect(isPassedOver(error(1049))).to.equal(true);
    expect(classify(error(1049))).to.equal('refused');
    for (const errno of [1044, 1045]) expect(isPassedOver(error(errno))).to.equal(false);
  });
});

describe('what a person is told to do about an error of MySQL or MariaDB', () => {
  const told = (code: string, errno: number, message: string): string => {
    const thrown = Object.assign(new Error(message), { code, errno });
    return hint(thrown, classify(thrown));
  };

  it('is to name the primary where the server is read-only', () => {
    const prevented = (option: string): string =>
      `The MySQL server is running with the ${option} option so it cannot execute this statement`;
    for (const text of [
      told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--read-only')),
      told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--super-read-only')),
      told('ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 1792, 'Cannot execute statement in a READ ONLY transaction.'),
      told('ER_READ_ONLY_MODE', 1836, 'Running in read-only mode'),
    ])
      expect(text).to.equal('the server is a replica, or read-only: name the primary in the database URL');
    expect(told('ER_OPTION_PREVENTS_STATEMENT', 1290, prevented('--skip-grant-tables'))).to.match(/^check that/);
  });

  it('is to make room where the disk is full', () => {
    for (const text of [
      told('ER_DISK_FULL', 1021, 'Disk full (/tmp/#sql-1); waiting for someone to free some space...'),
      told('ER_RECORD_FILE_FULL', 1114, "The table 'event' is full"),
    ])
      expect(text).to.equal('the disk of the server is full: make room, and what waits goes on');
  });

  it('is to create the database that is not there', () => {
    expect(told('ER_BAD_DB_ERROR', 1049, "Unknown database 'events'")).to.match(/^create the database first/);
  });
});
