import { expect } from 'chai';
import { getAddress, hexlify, id } from 'ethers';
import fc from 'fast-check';
import { toChecksumAddress } from '../../../src/chain/abi/checksum.js';
import { UsageError } from '../../../src/runtime/errors.js';

describe('toChecksumAddress', () => {
  it('gives the examples of EIP-55, from whatever case', () => {
    for (const address of [
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0x27b1fdb04752bbc536007a920d24acb045561c26',
    ]) {
      expect(toChecksumAddress(address.toLowerCase())).to.equal(address);
      expect(toChecksumAddress(address)).to.equal(address);
      expect(toChecksumAddress(`0x${address.slice(2).toUpperCase()}`)).to.equal(address);
    }
  });

  it('still answers rightly when more addresses have gone by than it remembers', () => {
    const addressOf = (i: number): string => `0x${(i * 7919 + 1).toString(16).padStart(40, 'ab')}`;
    const first = addressOf(0);
    for (let i = 0; i < 70_000; i++) {
      toChecksumAddress(addressOf(i));
      if (i % 10_000 === 0) expect(toChecksumAddress(first)).to.equal(getAddress(first));
    }
    for (const i of [0, 1, 40_000, 69_999]) expect(toChecksumAddress(addressOf(i))).to.equal(getAddress(addressOf(i)));
  });

  it('gives whatever address the form that ethers gives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }).map(hexlify), (address) => {
        expect(toChecksumAddress(address)).to.equal(getAddress(address));
      }),
      { numRuns: 500 },
    );
  });

  it('tells addresses apart that are remembered in the same place', () => {
    const addresses = Array.from({ length: 12 }, (_, i) => `0x${id(String(i)).slice(2, 34)}deadbeef`);
    for (const address of [...addresses, ...addresses.toReversed()]) {
      expect(toChecksumAddress(address)).to.equal(getAddress(address));
    }
  });

  it('refuses what is no address', () => {
    toChecksumAddress(`0x${'1'.repeat(40)}`);
    const word = `0x${'0'.repeat(24)}${'1'.repeat(40)}`;
    for (const text of ['0x12', '', `0x${'g'.repeat(40)}`, `0x${'1'.repeat(41)}`, `0x${'1'.repeat(39)}`, word]) {
      expect(() => toChecksumAddress(text), text).to.throw(UsageError, 'not an address');
    }
  });
});
