import { expect } from 'chai';
import { isPrivateAddress } from '../../src/runtime/private-address.js';

const privateOnes = `0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1
  172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1
  255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:10.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::10.0.0.1
  64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b:1::8.8.8.8 100::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001::1 2001:0:1::1
  2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1 4000::1 fd00:ec2::254`;
const publicOnes = `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.1.1.1 128.0.0.1 169.253.1.1 169.255.0.1 172.15.255.255
  172.32.0.1 192.0.1.1 192.167.1.1 192.169.0.1 198.17.1.1 198.20.0.1 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::808:808
  2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1`;

describe('a private address', () => {
  it('is every one that is not of the public internet, however it is written', () => {
    for (const address of privateOnes.split(/\s+/)) expect(isPrivateAddress(address), address).to.equal(true);
    for (const address of ['', 'localhost', '8.8.8', '08.8.8.8']) expect(isPrivateAddress(address)).to.equal(true);
  });

  it('is none that is', () => {
    for (const address of publicOnes.split(/\s+/)) expect(isPrivateAddress(address), address).to.equal(false);
  });
});
