// What `squid-typeorm-codegen` makes with decorators, said without them.
const { EntitySchema } = require('typeorm');

class Transfer {
  constructor(props) {
    Object.assign(this, props);
  }
}

const bigint = {
  from: (value) => (value == null ? value : BigInt(value)),
  to: (value) => (value == null ? value : value.toString()),
};

const schema = new EntitySchema({
  name: 'Transfer',
  tableName: 'transfer',
  target: Transfer,
  columns: {
    id: { type: 'varchar', primary: true },
    blockNumber: { type: 'int4' },
    blockTimestamp: { type: 'int4' },
    blockHash: { type: 'text' },
    transactionHash: { type: 'text' },
    transactionIndex: { type: 'int4' },
    logIndex: { type: 'int4' },
    contract: { type: 'text' },
    sender: { type: 'text' },
    receiver: { type: 'text' },
    value: { type: 'numeric', transformer: bigint },
  },
});

module.exports = { Transfer, schema };
