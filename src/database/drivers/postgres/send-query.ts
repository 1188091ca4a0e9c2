import pg from 'pg';
import type { Client, QueryResult } from 'pg';
import type { Rooms } from '../../../runtime/rooms.js';
import { lengthOf, SqlBytes } from '../sql-bytes.js';
import type { SqlPart } from '../sql-bytes.js';
import { streamOf } from './postgres-connection.js';

/** What an answer to several statements is: a result for each. */
type Answer = QueryResult | readonly QueryResult[];

/** The type of a simple query's message, and room for its length. */
const header = Buffer.from('Q\0\0\0\0');
const lengthAt = 1;

/**
 * Sends statements as one simple query; resolves with what the driver makes of the answer. The driver takes texts only, and would copy
 * megabytes to make one of bytes, and bytes of it again: so it is given the message itself, in one of `rooms`.
 */
export async function sendQuery(client: Client, statements: readonly SqlPart[], rooms: Rooms): Promise<Answer> {
  if (statements.every((part) => typeof part === 'string')) return client.query(statements.join(';'));
  const sql = new SqlBytes(rooms, header.length + lengthOf(statements));
  sql.bytes(header);
  sql.statements(statements);
  sql.character(0);
  const { written, room } = sql.end();
  written.writeUInt32BE(written.length - lengthAt, lengthAt);
  const answer = await new Promise<Answer>((resolve, reject) => {
    const query = new pg.Query('', (error, results) => {
      // The driver says null where there is none.
      if (error instanceof Error) reject(error);
      else resolve(results);
    });
    // Called once its turn has come.
    query.submit = () => void streamOf(client).write(written);
    client.query(query);
  });
  // Who has answered has read all of it; what failed may still be on its way.
  rooms.give(room);
  return answer;
}
