import type { EventMessage } from '../../model/event-message.js';

/** What a message says of its event beside the data, by the names of an event's fields. */
export const messageValues = {
  event_name: ({ eventName }: EventMessage) => eventName,
  event_signature: ({ eventSignature }: EventMessage) => eventSignature,
  chain_id: ({ place }: EventMessage) => place.chainId,
  block_number: ({ place }: EventMessage) => place.blockNumber,
  block_hash: ({ place }: EventMessage) => place.blockHash,
  timestamp: ({ place }: EventMessage) => place.timestamp,
  transaction_hash: ({ place }: EventMessage) => place.transactionHash,
  transaction_index: ({ place }: EventMessage) => place.transactionIndex,
  log_index: ({ place }: EventMessage) => place.logIndex,
  contract_address: ({ place }: EventMessage) => place.contractAddress,
};
