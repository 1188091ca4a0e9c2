import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { RuntimeFailure } from './errors.js';
import { shownHost } from './shown-host.js';

/** Of IPv4, what is not the public internet's: IANA's registry of special purposes, multicast and reserved addresses. */
const specialV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Of 2000::/3, IPv6's only public addresses, what is not public: protocols' own, Teredo, examples, 6to4. */
const specialV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** Prefixes of 96 bits behind which an address of IPv4 is meant: mapped, and translated by NAT64. */
const prefixesOfV4 = ['::ffff:', '64:ff9b::'];

const special = new BlockList();
const global = new BlockList();
for (const [network, prefix] of specialV4) {
  special.addSubnet(network, prefix, 'ipv4');
  for (const before of prefixesOfV4) special.addSubnet(before + network, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of specialV6) special.addSubnet(network, prefix, 'ipv6');
global.addSubnet('2000::', 3, 'ipv6');
for (const before of prefixesOfV4) global.addSubnet(`${before}0.0.0.0`, 96, 'ipv6');

/** Says whether an IP address is this computer's, its network's, or for whatever other reason not the public internet's. */
export function isPrivateAddress(address: string): boolean {
  // The zone of a link-local address.
  const [plain = ''] = address.split('%');
  if (isIPv4(plain)) return special.check(plain, 'ipv4');
  return !isIPv6(plain) || !global.check(plain, 'ipv6') || special.check(plain, 'ipv6');
}

/** Says whether the host of a URL is this computer by its name, or a private address. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return /(?:^|\.)localhost\.?$/i.test(host) || (isIP(host) !== 0 && isPrivateAddress(host));
}

/** A name leads to addresses, or is one, to which nothing may be sent. */
export class RefusedAddressError extends RuntimeFailure {
  override readonly code = 'ADDRESS_REFUSED';

  constructor(name: string, address: string) {
    super(
      name === address ? `${name} is a private address` : `${shownHost(name)} leads to ${address}, a private address`,
    );
  }
}
