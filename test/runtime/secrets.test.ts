import { expect } from 'chai';
import { SecretMask, maskUrl } from '../../src/runtime/secrets.js';

describe('maskUrl', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['mysql://root:s3cret@db.example:3306/chain', 'mysql://root:***@db.example:3306/chain'],
    ['mariadb://root:p%40ss@[::1]:3306/chain?ssl=secret', 'mariadb://root:***@[::1]:3306/chain?***'],
    ['mysql://root@127.0.0.1/chain', 'mysql://root@127.0.0.1/chain'],
    ['mysql://root:pa@ss#wo/rd@host/chain', 'mysql://***'],
    ['mysql://root:12/ss@host/chain', 'mysql://***'],
    ['https://mainnet.infura.io/v3/0123456789abcdef', 'https://mainnet.infura.io/***'],
    ['https://rpc.example/?key=abc', 'https://rpc.example/***'],
    ['https://user:key@rpc.example', 'https://***@rpc.example'],
    ['https://key@rpc.example/', 'https://***@rpc.example'],
    ['wss://rpc.example:8546/ws/KEY#frag', 'wss://rpc.example:8546/***'],
    ['http://127.0.0.1:8545', 'http://127.0.0.1:8545'],
    ['http://127.0.0.1:8545/', 'http://127.0.0.1:8545'],
    ['nats://user:pass@127.0.0.1:4222', 'nats://user:***@127.0.0.1:4222'],
    ['sqlite:data/chain.db', 'sqlite:data/chain.db'],
    ['sqlite::memory:', 'sqlite::memory:'],
    ['file:///app/dist/main.js:3:7', 'file:///app/dist/main.js:3:7'],
    ['my secret words', '***'],
    ['https://', '***'],
    ['', '***'],
  ];
  for (const [url, expected] of cases) {
    it(`turns ${url === '' ? 'nothing' : url} into ${expected}`, () => expect(maskUrl(url)).to.equal(expected));
  }

  it('leaves what it masked before as it is', () => {
    for (const [, once] of cases) expect(maskUrl(once)).to.equal(once);
  });
});

describe('SecretMask', () => {
  it('masks every URL in a text, known or not', () => {
    const text = 'tried https://a.example/v3/KEY, then (mysql://u:p@h/db): failed';
    expect(new SecretMask().mask(text)).to.equal('tried https://a.example/***, then (mysql://u:***@h/db): failed');
  });

  it('masks the parts of a remembered URL wherever they appear alone', () => {
    const mask = new SecretMask();
    mask.remember('https://rpc.example/v3/AbCd1234EfGh?token=x9y8z7w6');
    expect(mask.mask('path /v3/AbCd1234EfGh?token=x9y8z7w6')).to.equal('path /***');
    expect(mask.mask('key AbCd1234EfGh, token x9y8z7w6')).to.equal('key ***, token ***');
    expect(mask.mask('v3 of token')).to.equal('v3 of token');
  });

  it('masks a password in its plain, URL-encoded, JSON and basic-auth forms', () => {
    const mask = new SecretMask();
    mask.remember('mysql://root:p%40s%22s%2Fword@127.0.0.1:3306/chain');
    const plain = 'p@s"s/word';
    expect(mask.mask(`plain ${plain}`)).to.equal('plain ***');
    expect(mask.mask('encoded p%40s%22s%2Fword')).to.equal('encoded ***');
    expect(mask.mask(JSON.stringify({ plain }))).to.equal('{"plain":"***"}');
    expect(mask.mask(Buffer.from(`root:${plain}`).toString('base64'))).to.equal('***');
  });

  it('masks a remembered URL that no parser understands', () => {
    const mask = new SecretMask();
    mask.remember("mysql://root:p'a ss@host:port/db");
    expect(mask.mask("bad: mysql://root:p'a ss@host:port/db!")).to.equal('bad: ***!');
    expect(mask.mask("password p'a ss")).to.equal('password ***');
  });

  it('leaves common words alone', () => {
    const mask = new SecretMask();
    mask.remember('https://rpc.example/ethereum/rpc');
    mask.remember('mysql://chainparse:chainparse@host/chainparse');
    mask.remember('eth');
    mask.remember('sqlite:data/ethereum.db');
    mask.rememberPassword('12');
    const words = 'chainparse: ethereum rpc eth task 12, sqlite:data/ethereum.db';
    expect(mask.mask(words)).to.equal(words);
  });

  it('masks a very short password only where it stands alone', () => {
    const mask = new SecretMask();
    mask.rememberPassword('pw');
    expect(mask.mask('with pw, not in pwd')).to.equal('with ***, not in pwd');
  });

  it('masks the strings inside a value and leaves its numbers', () => {
    const mask = new SecretMask();
    mask.rememberPassword('123456');
    const value = { block: 123456, list: ['is 123456'], error: new Error('at https://a.example/KEY'), none: null };
    expect(mask.maskValue(value)).to.deep.equal({
      block: 123456,
      list: ['is ***'],
      error: 'at https://a.example/***',
      none: null,
    });
  });
});
