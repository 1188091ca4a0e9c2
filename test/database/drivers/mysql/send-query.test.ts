import { expect } from 'chai';
import type { Connection } from 'mysql2';
import { sendQuery } from '../../../../src/database/drivers/mysql/send-query.js';
import { Rooms } from '../../../../src/runtime/rooms.js';

/** Writes packets as the driver does: a header of five bytes, and a text. */
class Driver {
  readonly packets: string[] = [];
  readonly texts: string[] = [];
  isClosing = false;

  writePacket({ buffer, end }: { readonly buffer: Buffer; readonly end: number }): void {
    this.packets.push(buffer.subarray(0, end).toString());
  }

  promise(): { query: (text: string) => Promise<readonly [string]> } {
    return {
      query: (text) => {
        this.texts.push(text);
        if (this.isClosing) return Promise.reject(new Error('closing'));
        this.writePacket({ buffer: Buffer.from(`head:${text}`), end: 5 + text.length });
        return Promise.resolve(['done']);
      },
    };
  }
}

function send(driver: object, ...statements: readonly (string | Buffer)[]): Promise<unknown> {
  return sendQuery(driver as unknown as Connection, statements, new Rooms());
}

describe('a query that is sent as bytes', () => {
  const bytes = Buffer.from("INSERT 'ü'");

  it('is written behind the header of the driver’s packet, and what comes after it is the driver’s own', async () => {
    const driver = new Driver();
    expect(await send(driver, 'BEGIN', bytes, 'COMMIT')).to.equal('done');
    expect(await send(driver, 'SELECT 1', 'SELECT 2')).to.equal('done');
    expect(driver.packets).to.deep.equal(["head:BEGIN;INSERT 'ü';COMMIT", 'head:SELECT 1;SELECT 2']);
    expect(driver.texts).to.deep.equal(['', 'SELECT 1;SELECT 2']);
  });

  it('is not sent in the place of another where the driver did not send it', async () => {
    const driver = new Driver();
    driver.isClosing = true;
    expect(await send(driver, bytes).catch(String)).to.equal('Error: closing');
    driver.isClosing = false;
    await send(driver, 'ROLLBACK');
    expect(driver.packets).to.deep.equal(['head:ROLLBACK']);
  });

  it('is a text for a driver that writes its packets in another way', async () => {
    const texts: string[] = [];
    const query = (text: string): Promise<readonly [string]> => Promise.resolve([String(texts.push(text))]);
    await send({ promise: () => ({ query }) }, 'BEGIN', bytes, 'COMMIT');
    expect(texts).to.deep.equal(["BEGIN;INSERT 'ü';COMMIT"]);
  });
});
