import { expect } from 'chai';
import { givesItsHash } from '../../../src/chain/blocks/header-hash.js';
import { readHeader } from '../../../src/chain/blocks/read-header.js';
import { Anvil } from '../../support/anvil.js';
import { sealBlock } from '../../support/simulated-chain.js';
import { headerOf } from '../../support/simulated-node.js';

describe('the hash of a header', () => {
  const shown = headerOf(sealBlock(undefined, 'test', [{}])) as Record<string, unknown>;
  const isOwn = (fields: object): boolean => givesItsHash(readHeader({ ...shown, ...fields })!);

  it('is given by its fields, and by no others', () => {
    expect(isOwn({})).to.equal(true);
    expect(isOwn({ logsBloom: `0x${'0'.repeat(512)}` })).to.equal(false);
    expect(isOwn({ receiptsRoot: `0x${'11'.repeat(32)}` })).to.equal(false);
    expect(isOwn({ requestsHash: `0x${'11'.repeat(32)}` })).to.equal(false);
  });

  it('is not given where one of them lacks, or is nothing that could be hashed', () => {
    for (const gasUsed of [undefined, null, 'many', 7]) expect(isOwn({ gasUsed }), String(gasUsed)).to.equal(false);
  });

  it('is that of a node’s blocks', async function () {
    this.timeout(60_000);
    const anvil = await Anvil.start();
    const to = await anvil.account();
    for (let block = 0; block < 3; block++) await anvil.send({ to, value: '0x1' });
    for (const number of ['0x0', '0x1', '0x2', '0x3']) {
      const header = readHeader(await anvil.rpc('eth_getBlockByNumber', number, false));
      expect(givesItsHash(header!), number).to.equal(true);
    }
    await anvil.stop();
  });
});
