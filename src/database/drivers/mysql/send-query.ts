import type { Connection } from 'mysql2';
import type { Rooms } from '../../../runtime/rooms.js';
import { lengthOf, SqlBytes } from '../sql-bytes.js';
import type { SqlPart } from '../sql-bytes.js';

/** A packet of the driver's: its header, and what it carries. */
interface DriverPacket {
  buffer: Buffer;
  end: number;
}

/** What the driver's connection has beyond its types. */
interface DriverConnection {
  writePacket?: (packet: DriverPacket) => void;
}

/** A packet's header is shorter. */
const headerRoom = 64;

/**
 * Sends statements as one query, on a connection on which nothing is in the air; resolves with what the driver makes of the answer. The
 * driver takes texts only, and would have megabytes of bytes made a text, and bytes again: so it is given an empty query, and what is
 * meant is put behind the header of its packet, in one of `rooms`.
 */
export async function sendQuery(
  connection: Connection,
  statements: readonly SqlPart[],
  rooms: Rooms,
): Promise<unknown> {
  const driver = connection as DriverConnection;
  const { writePacket } = driver;
  const areTexts = statements.every((part) => typeof part === 'string');
  if (writePacket === undefined || areTexts) return query(connection, statements.join(';'));
  const sql = new SqlBytes(rooms, headerRoom + lengthOf(statements));
  try {
    driver.writePacket = (packet) => {
      delete driver.writePacket;
      sql.bytes(packet.buffer);
      sql.statements(statements);
      packet.buffer = sql.end().written;
      packet.end = packet.buffer.length;
      writePacket.call(connection, packet);
    };
    const answer = await query(connection, '');
    // Who has answered has read all of it; what failed may still be on its way.
    rooms.give(sql.end().room);
    return answer;
  } finally {
    // Behind it is the method of its class. Where the driver sent nothing it would take the next query's packet.
    delete driver.writePacket;
  }
}

async function query(connection: Connection, text: string): Promise<unknown> {
  const [answer] = await connection.promise().query(text);
  return answer;
}
