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
    ['nats://token@127.0.0.1:4222', 'nats://***@127.0.0.1:4222'],
    ['htps://key@rpc.example', 'htps://***@rpc.example'],
    ['postgres://user@host/db', 'postgres://user@host/db'],
    ['s3://key:s3cret@lake/usdc/?key=1', 's3://key:***@lake/usdc/?***'],
    ['sqlite:data/chain.db', 'sqlite:data/chain.db'],
    ['sqlite::memory:', 'sqlite::memory:'],
    ['file:///app/dist/main.js:3:7', 'file:///app/dist/main.js:3:7'],
    ['my secret words', '***'],
    ['https://0123456789abcdef0123456789abcdef.eth.provider.example', 'https://***.eth.provider.example'],
    ['wss://0123456789ABCDEF01234.eth.provider.example:8546/', 'wss://***.eth.provider.example:8546'],
    ['https://q83vEjRWeJCrze8SNFZ4kA-_x1.provider.example', 'https://***.provider.example'],
    ['https://0123456789abcdef0123456789abcdef:8545/', 'https://***:8545'],
    ['https://01234567-89ab-cdef-0123-456789abcdef.provider.example', 'https://***.provider.example'],
    [
      'https://wild-purple-sea.ethereum-mainnet.quiknode.pro/0123456789abcdef/',
      'https://wild-purple-sea.ethereum-mainnet.quiknode.pro/***',
    ],
    ['https://rpc.ankr.com/eth/0123456789abcdef', 'https://rpc.ankr.com/***'],
    ['wss://eth-mainnet.g.alchemy.com/v2/abcDEF_123-xyz', 'wss://eth-mainnet.g.alchemy.com/***'],
    [
      'https://ethereum-mainnet-archive-node-01.internal.example',
      'https://ethereum-mainnet-archive-node-01.internal.example',
    ],
    [
      'http://ec2-203-0-113-25.eu-central-1.compute.example:8545',
      'http://ec2-203-0-113-25.eu-central-1.compute.example:8545',
    ],
    ['http://[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8545', 'http://[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8545'],
    [
      'mysql://root@prod-db-cluster-instance-1.c9akciq32rgh0123456789ab.rds.example/chain',
      'mysql://root@prod-db-cluster-instance-1.c9akciq32rgh0123456789ab.rds.example/chain',
    ],
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

  it('masks a URL of a definition with its variables', () => {
    const mask = new SecretMask();
    expect(mask.mask('url https://api.example/bot${TOKEN}/send')).to.equal('url https://api.example/***');
    expect(mask.mask('(redis://me:${PASSWORD:-x}@h:6379)')).to.equal('(redis://me:***@h:6379)');
    expect(mask.mask('https://${HOST}, nats://${TOKEN}@h')).to.equal('https://${HOST}, nats://***@h');
    expect(mask.mask('https://${HOST}/v2/key')).to.equal('https://${HOST}/***');
    expect(mask.mask('redis://${USER}:word@h:1')).to.equal('redis://${USER}:***@h:1');
    expect(mask.mask('https://api.example/?text=${op is open')).to.equal('https://api.example/***{op is open');
  });

  it('leaves a scheme alone, whatever closes a bracket or a sentence behind it', () => {
    const text = 'for TLS (the url begins with rediss://), else with redis://. Or (amqp://)?';
    expect(new SecretMask().mask(text)).to.equal(text);
    expect(new SecretMask().mask('https://rpc.example/v2/KEY,wss://')).not.to.include('KEY');
  });

  it('leaves a URL whole that everybody knows, and no other that begins with it', () => {
    const mask = new SecretMask();
    mask.leave('https://a.example/v2/take');
    expect(mask.mask('asks https://a.example/v2/take, not https://a.example/v2/take/more')).to.equal(
      'asks https://a.example/v2/take, not https://a.example/***',
    );
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

  it('leaves an ellipsis that stands for any URL', () => {
    const text = 'mysql://… or s3://bucket/prefix';
    expect(new SecretMask().mask(text)).to.equal(text);
  });

  it('leaves common words alone', () => {
    const mask = new SecretMask();
    mask.remember('https://rpc.example/ethereum/rpc');
    mask.remember('mysql://chainparse:chainparse@host/chainparse');
    mask.remember('eth');
    mask.remember('sqlite:data/ethereum.db');
    mask.rememberPassword('12');
    mask.remember('ws://');
    const words = 'chainparse: ethereum rpc eth task 12, sqlite:data/ethereum.db, ws://… or';
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

  it('masks the key in the host of a remembered URL where the host stands alone', () => {
    const mask = new SecretMask();
    mask.remember('https://0123456789abcdef0123456789ABCDEF.eth.provider.example/');
    const host = '0123456789abcdef0123456789abcdef.eth.provider.example';
    expect(mask.mask(`getaddrinfo ENOTFOUND ${host}`)).to.equal('getaddrinfo ENOTFOUND ***.eth.provider.example');
    expect(mask.mask('0123456789abcdef0123456789ABCDEF')).to.equal('***');
    mask.remember('https://ethereum-mainnet-archive-node-01.example');
    expect(mask.mask('at ethereum-mainnet-archive-node-01.example')).to.contain('archive');
  });

  it('takes time in proportion to the text, whatever a node writes', () => {
    const mask = new SecretMask();
    const megabyte = 1_000_000;
    for (const part of ['a.', 'a+b-c.', 'a', '://', ')']) {
      const text = `https://a.example/${part.repeat(megabyte / part.length)}x ${part.repeat(megabyte / part.length)}`;
      expect(mask.mask(text)).to.match(/^https:\/\/a\.example\/\*\*\*/);
    }
  });
});

describe('the URLs of a cluster', () => {
  const urls = 'mysql://u:secret-a@one/d,mysql://u:secret-b@two/d';

  it('are masked each', () => {
    expect(maskUrl(urls)).to.equal('mysql://u:***@one/d,mysql://u:***@two/d');
    expect(new SecretMask().mask(`at ${urls}.`)).to.equal('at mysql://u:***@one/d,mysql://u:***@two/d.');
  });

  it('are remembered each', () => {
    const mask = new SecretMask();
    mask.remember(urls);
    expect(mask.mask('access denied: secret-a, secret-b')).to.equal('access denied: ***, ***');
  });
});
