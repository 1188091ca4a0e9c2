import { createConfig } from 'ponder';

const range = Number(process.env.PEER_MAX_BLOCKS);
const url = process.env.PEER_RPC_URL;

const abi = [
  {
    type: 'event',
    name: 'Transfer',
    inputs: [
      { name: 'from', type: 'address', indexed: true },
      { name: 'to', type: 'address', indexed: true },
      { name: 'value', type: 'uint256', indexed: false },
    ],
  },
] as const;

export default createConfig({
  database: { kind: 'postgres', connectionString: process.env.DATABASE_URL },
  chains: {
    local: {
      id: 31337,
      // Each URL begins at 20 requests a second and grows by 5 % every ten seconds: with the same one so many times it isn't that rate that is measured.
      rpc: Array.from({ length: 25 }, () => url),
      ethGetLogsBlockRange: range,
    },
  },
  contracts: {
    Token: {
      abi,
      chain: 'local',
      address: process.env.PEER_CONTRACT,
      startBlock: 1,
      endBlock: Number(process.env.PEER_BLOCKS),
    },
  },
});
