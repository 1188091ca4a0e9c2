import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { parseDatabaseUrl, parseDatabaseUrls } from '../../../src/database/open/database-url.js';
import { connectionOptions } from '../../../src/database/drivers/mysql/mysql-connection.js';
import { ServerSockets } from '../../../src/database/drivers/server-sockets.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const usageError = (url: string): UsageError => {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error(`${url} was taken`);
};

describe('a database URL', () => {
  const sqlite = {
    'sqlite:chainparse.db': 'chainparse.db',
    'sqlite:./data/a b.db': './data/a b.db',
    'sqlite:/var/lib/x.db': '/var/lib/x.db',
    'sqlite:///var/lib/x.db': '/var/lib/x.db',
    'sqlite://data/x.db': 'data/x.db',
    'SQLite:x.db': 'x.db',
    'sqlite:what?.db': 'what?.db',
    'sqlite://me@work/a:b@c.db': 'me@work/a:b@c.db',
    'sqlite:///home/me:x@work/x.db': '/home/me:x@work/x.db',
  };
  for (const [url, path] of Object.entries(sqlite)) {
    it(`names a file: ${url}`, () => expect(parseDatabaseUrl(url)).to.deep.equal({ kind: 'sqlite', path }));
  }

  const plain = { kind: 'mysql', host: 'db', port: 3306, user: 'u', password: '', database: 'd', tls: null };
  const mysql = {
    'mysql://u@db/d': plain,
    'MariaDB://u@db/d': plain,
    'mariadb://u:p@db:3307/d': { ...plain, password: 'p', port: 3307 },
    'mysql://u%40x:p%3A%2F%23@db/d%20e': { ...plain, user: 'u@x', password: 'p:/#', database: 'd e' },
    'mysql:///d': { ...plain, host: '127.0.0.1', user: 'root' },
    'mysql://u@[::1]:3306/d': { ...plain, host: '::1' },
    'mysql://u@db/d?charset=utf8mb4': plain,
    'mysql://u@db/d?ssl=false': plain,
    'mysql://u@db/d?ssl=TRUE': { ...plain, tls: { rejectUnauthorized: true, caPath: null } },
    'mysql://u@db/d?ssl=skip-verify': { ...plain, tls: { rejectUnauthorized: false, caPath: null } },
    'mysql://u@db/d?ssl_ca=/ca.pem': { ...plain, tls: { rejectUnauthorized: true, caPath: '/ca.pem' } },
    'mysql://u@db/d?ssl=true&ssl_ca=/ca.pem': { ...plain, tls: { rejectUnauthorized: true, caPath: '/ca.pem' } },
  };
  for (const [url, address] of Object.entries(mysql)) {
    it(`names a server: ${url}`, () => expect(parseDatabaseUrl(url)).to.deep.equal(address));
  }

  const wrong = {
    'oracle://u:secret99@db/d': /not a database URL/,
    'chainparse.db': /not a database URL/,
    'sqlite:': /names no file/,
    'sqlite://': /names no file/,
    'sqlite::memory:': /in memory/,
    'sqlite://u:secret99@db/d':
      /^the database URL sqlite:\/\/u:\*\*\*@db\/\*\*\* has a user and a password: .* sqlite:PATH$/,
    'SQLite://u:x/secret99@db/d': /^the database URL \*\*\* has a user and a password/,
    'sqlite://:secret99@db/d?mode=ro': /has a user and a password/,
    'mysql://u:secret99@db': /names no database/,
    'mysql://u:secret99@db/': /names no database/,
    'mysql://u:secret99@db:port/d': /not a database URL/,
    'mysql://u:100%secret99@db/d': /not a database URL/,
    'mysql://u:secret99@db/d?ssl=perhaps':
      /wrong value of the parameter 'ssl', which takes true, skip-verify or false$/,
    'mysql://u:secret99@db/d?ssl': /wrong value of the parameter 'ssl'/,
    'mysql://u:secret99@db/d?ssl=true&ssl=false': /parameter 'ssl' twice$/,
    'mysql://u:1/x?secret99=@db/d': /write the @ of a password as %40$/,
    'sqlite:x.db?mode=ro': /has the parameter 'mode': a SQLite file takes none$/,
    'postgres://u:secret99@db/d?port=70000': /'port', which takes a port$/,
    'postgres://u:secret99@db/d?sslcert=': /'sslcert', which takes the path of a file$/,
    'postgres://u:secret99@db/d?sslcert=/a.pem': /names an sslcert and no sslkey/,
    'postgres://u:secret99@db/d?sslkey=/a.key': /names an sslkey and no sslcert/,
    'mysql://u:secret99@db/d?ssl-mode=REQUIRED': /unknown parameter 'ssl-mode' .* nearest known one is ssl/,
    'mysql://u:secret99@db/d?sslmode=require': /unknown parameter 'sslmode'/,
    'mysql://u:secret99@db/d?tls=true': /unknown parameter 'tls' \(known are ssl, ssl_ca, charset\)/,
    'mysql://u:secret99@db/d?ssl=true&sl_ca=/ca.pem': /unknown parameter 'sl_ca' .* nearest known one is ssl_ca$/,
    'mysql://u:secret99@db/d?charset=latin1': /'charset', which takes utf8mb4/,
    'postgres://u:secret99@db/d?sslmod=require': /unknown parameter 'sslmod' .* nearest known one is sslmode$/,
    'postgres://u:secret99@db/d?SSLMODE=require': /unknown parameter 'SSLMODE' .* nearest known one is sslmode$/,
    'postgres://u:secret99@db/d?target_session_attrs=read-write': /unknown parameter 'target_session_attrs'/,
  };
  for (const [url, message] of Object.entries(wrong)) {
    it(`is refused, without its secret: ${url}`, () => {
      const error = usageError(url);
      expect(error.message).to.match(message);
      expect(error.hint).to.be.a('string');
      expect(`${error.message} ${error.hint ?? ''}`).not.to.contain('secret99');
      expect(error.exitCode).to.equal(2);
    });
  }

  it('becomes the TLS options of the driver', () => {
    const ca = `${temporaryFolder()}/ca.pem`;
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    writeFileSync(ca, pem);
    writeFileSync(`${ca}.key`, pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'));
    const options = (query: string): unknown => {
      const address = parseDatabaseUrl(`mysql://u@db/d${query}`);
      return address.kind === 'mysql' ? connectionOptions(address, new ServerSockets()).ssl : null;
    };
    expect(options('')).to.equal(undefined);
    expect(options('?ssl=true')).to.deep.equal({ rejectUnauthorized: true });
    expect(options('?ssl=no-verify')).to.deep.equal({ rejectUnauthorized: false });
    expect(options(`?ssl_ca=${ca}`)).to.deep.equal({ rejectUnauthorized: true, ca: pem });
    expect(() => options(`?ssl_ca=${ca}.missing`)).to.throw(UsageError, /ssl_ca can't be read/);
    expect(() => options(`?ssl_ca=${ca}.key`)).to.throw(UsageError, /^the file of ssl_ca holds no certificate: /);
  });
});

describe('a URL of PostgreSQL', () => {
  it('has what psql would read in it', () => {
    expect(parseDatabaseUrl('postgresql://u:p%40ss@h:6432/d?sslmode=verify-full&sslrootcert=/ca.pem')).to.deep.equal({
      ...{ kind: 'postgres', host: 'h', port: 6432, user: 'u', password: 'p@ss', database: 'd' },
      ssl: { mode: 'verify-full', rootCertPath: '/ca.pem', certPath: null, keyPath: null },
    });
    expect(parseDatabaseUrl('postgres:///d?host=/run/postgresql')).to.include({ host: '/run/postgresql', port: 5432 });
  });

  it('looks at a certificate where an authority is named, and encrypts where that is possible by itself', () => {
    const modeOf = (query: string): unknown => {
      const address = parseDatabaseUrl(`postgres://h/d${query}`);
      return address.kind === 'postgres' ? address.ssl.mode : null;
    };
    expect(modeOf('')).to.equal('prefer');
    expect(modeOf('?sslmode=require')).to.equal('require');
    expect(modeOf('?sslmode=require&sslrootcert=/ca.pem')).to.equal('verify-ca');
  });

  it('is refused where it asks for encryption in words that are not known, or names no database', () => {
    for (const url of [
      'postgres://h/d?sslmode=yes',
      'postgres://h/d?ssl=true',
      'postgres://h/',
      'postgres://h/d?port=x',
    ]) {
      expect(() => parseDatabaseUrl(url), url).to.throw(UsageError);
    }
  });
});

describe('the database URLs of a cluster', () => {
  const nodesOf = (urls: string): readonly unknown[] => {
    const place = parseDatabaseUrls(urls);
    return place.kind === 'sqlite' ? [] : place.nodes.map(({ host, port }) => `${host}:${port}`);
  };

  it('are one for each node, with commas between them', () => {
    expect(nodesOf('mariadb://u@a/d,mysql://u@b:3307/d , MariaDB://u@c/d')).to.deep.equal([
      'a:3306',
      'b:3307',
      'c:3306',
    ]);
    expect(nodesOf('postgres://u@a/d,postgresql://u@b/d')).to.deep.equal(['a:5432', 'b:5432']);
  });

  it('leave a comma alone that is part of a password, or of the name of a file', () => {
    expect(parseDatabaseUrl('mysql://u:a,b@db/d')).to.include({ password: 'a,b' });
    expect(nodesOf('mysql://u:a,b@db/d,mysql://u:a,b@dc/d')).to.deep.equal(['db:3306', 'dc:3306']);
    expect(parseDatabaseUrls('sqlite:a,b.db')).to.deep.equal({ kind: 'sqlite', path: 'a,b.db' });
  });

  for (const urls of [
    'mysql://u:secret99@a/d,postgres://u@b/d',
    'mysql://u:secret99@a/d,mysql://u@b/e',
    'sqlite:x.db,mysql://u:secret99@b/d',
  ]) {
    it(`are refused where they are not of one database, without their secrets: ${urls}`, () => {
      expect(() => parseDatabaseUrls(urls)).to.throw(UsageError, /are not of one database: (?!.*secret99)/);
    });
  }
});
