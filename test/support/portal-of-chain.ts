import type { ChainSimulator } from './chain-simulator.js';
import type { PortalData } from './portal-server.js';
import type { SimBlock } from './simulated-chain.js';

/** A portal's view of a simulated chain: its blocks up to so many below the head. */
export function portalOf(chain: ChainSimulator, finalizedDistance = 64): PortalData {
  const block = (number: number): SimBlock => chain.blocks[number] as SimBlock;
  return {
    finalized: () => chain.head.number - finalizedDistance,
    header: block,
    logs: (number) => block(number).logs,
  };
}
