import { expect } from 'chai';
import { PortalChain } from '../../../src/chain/portal/portal-chain.js';
import { PortalClient } from '../../../src/chain/portal/portal-client.js';
import { PortalHead } from '../../../src/chain/portal/portal-head.js';
import { PortalPatience } from '../../../src/chain/portal/portal-trouble.js';
import { quietCall } from '../../../src/runtime/call.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';

describe('a chain of which only a portal tells', () => {
  it('gives the headers of blocks in the order in which they are asked for, null for what is not there', async () => {
    const node = await ChainSimulator.start();
    node.mine(20);
    const portal = await PortalServer.start({ data: portalOf(node, 0) });
    const clock = new HastyClock();
    const client = new PortalClient({ url: portal.url, clock });
    const patience = new PortalPatience({ client, clock, logger: silentLogger, hasNodes: false });
    const options = { dataset: 'local-31337', clock, patience };
    const chain = new PortalChain({ ...options, chainId: 31337, head: new PortalHead(options) });
    const headers = await chain.headers([7, 3, 40], quietCall(new AbortController().signal));
    expect(headers.map((header) => header?.hash)).to.deep.equal([
      node.blocks[7]?.hash,
      node.blocks[3]?.hash,
      undefined,
    ]);
    await client.close();
    await Promise.all([node.stop(), portal.stop()]);
  });
});
