import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ReceiverAwayError, TargetChangedError } from '../../../src/components/seam/delivery-errors.js';
import type { ReadyFile } from '../../../src/components/file-sink/file-store.js';
import { S3Client } from '../../../src/components/file-sink/s3-client.js';
import { S3Store } from '../../../src/components/file-sink/s3-store.js';
import { RuntimeFailure, UsageError } from '../../../src/runtime/errors.js';
import { makeAuthority } from '../../support/authority.js';
import { startHttps } from '../../support/https-server.js';
import { FakeClock } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';
import { SilentServer } from '../../support/silent-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FakeS3 } from './fake-s3.js';

const { signal } = new AbortController();
const held = (): Promise<void> => Promise.resolve();

describe('a file sink’s part of a bucket', () => {
  let s3: FakeS3;
  const workFolder = temporaryFolder();
  const clock = new FakeClock();
  const open = () => new S3Store({ path: 's3://lake/usdc/', keys: s3.keys, workFolder, clock });
  beforeEach(async () => {
    s3 = await FakeS3.start();
  });

  function file(text: string) {
    const path = join(workFolder, 'file');
    writeFileSync(path, text);
    return { path, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
  }

  it('keeps its manifest from who read an older one', async () => {
    const [zombie, holder] = [open(), open()];
    await zombie.readManifest(signal);
    await zombie.writeManifest('1', held, signal);
    expect(await holder.readManifest(signal)).to.equal('1');
    await holder.writeManifest('2', held, signal);
    for (const text of ['3', '3', '4']) {
      const error = await rejectionOf(zombie.writeManifest(text, held, signal), TargetChangedError);
      expect(error.message).to.equal('s3://lake/usdc/_chainparse.json was changed by somebody else');
      expect(s3.text('usdc/_chainparse.json')).to.equal('2');
    }
    await rejectionOf(zombie.put('1-2.csv', file('a'), signal), TargetChangedError);
    await rejectionOf(open().writeManifest('4', held, signal), TargetChangedError);
    expect(s3.text('usdc/_chainparse.json')).to.equal('2');
    s3.objects.clear();
    for (const change of [holder.put('1-2.csv', file('a'), signal), holder.writeManifest('5', held, signal)]) {
      const error = await rejectionOf(change, TargetChangedError);
      expect(error.message).to.equal('s3://lake/usdc/_chainparse.json is gone');
    }
    expect(s3.names).to.deep.equal([]);
  });

  it('says which key it is whose variable holds no URL, without showing what it holds', () => {
    for (const endpoint of ['minio:9000', '127.0.0.1:9000', 'ftp://minio', 'http://']) {
      const opening = () => new S3Store({ path: 's3://lake', keys: { ...s3.keys, endpoint }, workFolder, clock });
      expect(opening).to.throw(UsageError, /^with what the environment says, endpoint is no URL of https or http$/);
    }
  });

  it('lists its files with their bytes, however many there are', async () => {
    s3.pageSize = 2;
    for (const [i, name] of ['1-2.csv', '3-4.csv', '5-6.csv', 'notes.txt', '7-8.csv'].entries()) {
      await open().put(name, file('x'.repeat(i + 1)), signal);
    }
    expect([...(await open().sizes(signal))]).to.deep.equal([
      ['1-2.csv', 1],
      ['3-4.csv', 2],
      ['5-6.csv', 3],
      ['7-8.csv', 5],
    ]);
  });

  it('knows what it wrote itself where the answer was lost', async () => {
    const store = open();
    s3.answers.push({ status: 500, code: 'InternalError', isDone: true });
    await rejectionOf(store.writeManifest('1', held, signal), ReceiverAwayError);
    await store.writeManifest('1', held, signal);
    await store.writeManifest('2', held, signal);
    s3.answers.push({ status: 503, code: 'SlowDown', isDone: true, on: 'PUT usdc/1-2.csv' });
    await rejectionOf(store.put('1-2.csv', file('a'), signal), ReceiverAwayError);
    await store.put('1-2.csv', file('a'), signal);
    expect(s3.asked.filter((each) => each === 'PUT usdc/1-2.csv')).to.have.length(2);
  });

  it('takes no manifest for another’s that it wrote itself where the answer was lost, whatever comes next', async () => {
    const store = open();
    const lose = async (text: string, isDone: boolean): Promise<void> => {
      s3.answers.push({ status: 503, code: 'SlowDown', isDone });
      await rejectionOf(store.writeManifest(text, held, signal), ReceiverAwayError);
    };
    await lose('1', true);
    await store.put('1-2.csv', file('a'), signal);
    await lose('2', true);
    await lose('3', false);
    await store.writeManifest('4', held, signal);
    expect(s3.text('usdc/_chainparse.json')).to.equal('4');
    await lose('5', true);
    const holder = open();
    await holder.readManifest(signal);
    await holder.writeManifest('6', held, signal);
    await rejectionOf(store.put('3-4.csv', file('a'), signal), TargetChangedError);
    await rejectionOf(store.writeManifest('7', held, signal), TargetChangedError);
    expect(s3.text('usdc/_chainparse.json')).to.equal('6');
  });

  it('tells that the bytes of a file leave', async () => {
    let moves = 0;
    const text = 'x'.repeat(1_000_000);
    await open().put('1-2.csv', file(text), signal, () => (moves += 1));
    expect(s3.text('usdc/1-2.csv')).to.equal(text);
    expect(moves).to.be.within(10, 100);
  });

  it('replaces what was left over, and nothing that came since', async () => {
    await open().put('1-2.csv', file('left over'), signal);
    await open().put('1-2.csv', file('right'), signal);
    expect(s3.text('usdc/1-2.csv')).to.equal('right');
    s3.answers.push({ status: 412, code: 'PreconditionFailed', on: 'PUT usdc/1-2.csv' });
    s3.answers.push({ status: 412, code: 'PreconditionFailed', on: 'PUT usdc/1-2.csv' });
    await rejectionOf(open().put('1-2.csv', file('late'), signal), RuntimeFailure);
    expect(s3.text('usdc/1-2.csv')).to.equal('right');
  });

  it('says what is wrong in one line, and whether it may pass', async () => {
    const cases = [
      [404, 'NoSuchBucket', 'bucket lake refuses: NoSuchBucket', 'make the bucket, or give another path'],
      [403, 'AccessDenied', 'bucket lake refuses: AccessDenied', 'the access key must be allowed to'],
      [301, 'PermanentRedirect', 'bucket lake refuses: PermanentRedirect', "give the bucket's region"],
      [400, 'AuthorizationHeaderMalformed', 'bucket lake refuses: Auth', "give the bucket's region"],
      [403, 'InvalidAccessKeyId', 'bucket lake refuses: InvalidAccessKeyId', 'nobody there has this access_key_id'],
      [403, 'SignatureDoesNotMatch', 'bucket lake refuses: Signature', 'secret_access_key is not that of'],
      [403, 'RequestTimeTooSkewed', 'bucket lake refuses: RequestTime', "this computer's clock"],
      [400, 'ExpiredToken', 'bucket lake refuses: ExpiredToken', 'session_token has run out'],
      [400, 'InvalidToken', 'bucket lake refuses: InvalidToken', 'session_token is not that of'],
    ] as const;
    for (const [status, code, message, hint] of cases) {
      s3.answers.push({ status, code, on: 'GET ' });
      const error = await rejectionOf(open().sizes(signal), RuntimeFailure);
      expect(error.message).to.contain(message);
      expect(error.hint).to.contain(hint);
    }
    for (const status of [500, 503, 429, 409, 408]) {
      s3.answers.push({ status, code: 'X' });
      expect((await rejectionOf(open().sizes(signal), ReceiverAwayError)).message).to.equal('bucket lake answered X');
    }
    const nowhere = new S3Store({
      path: 's3://lake',
      keys: { ...s3.keys, endpoint: 'http://127.0.0.1:1' },
      workFolder,
      clock,
    });
    const away = await rejectionOf(nowhere.sizes(signal), ReceiverAwayError);
    expect(away.message).to.match(/^http:\/\/127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED/);
  });

  it('tells when it wants to be asked again: in seconds, or at a date', async () => {
    const date = new Date(Math.ceil(clock.now() / 1_000) * 1_000 + 90_000);
    const cases = [
      ['7', 7_000],
      [date.toUTCString(), date.getTime() - clock.now()],
      ['soon', undefined],
    ] as const;
    for (const [retryAfter, ms] of cases) {
      s3.answers.push({ status: 503, code: 'SlowDown', retryAfter });
      expect((await rejectionOf(open().sizes(signal), ReceiverAwayError)).retryAfterMs).to.equal(ms);
    }
  });

  it('says how to name the authority of an endpoint whose certificate nobody knows', async () => {
    const endpoint = `https://127.0.0.1:${await startHttps(makeAuthority())}`;
    const store = new S3Store({ path: 's3://lake', keys: { ...s3.keys, endpoint }, workFolder, clock });
    const { hint } = await rejectionOf(store.sizes(signal), ReceiverAwayError);
    expect(hint).to.contain('set NODE_EXTRA_CA_CERTS=FILE');
  });

  it('is away where it does not answer a small request soon, and has longer for what is large', async () => {
    const { port } = await SilentServer.start();
    const keys = { ...s3.keys, endpoint: `http://127.0.0.1:${port}` };
    const client = new S3Client('lake', keys, clock, { smallMs: 50, largeMs: 60_000 });
    const stop = new AbortController();
    const put = (body: string | ReadyFile) => client.ask({ method: 'PUT', key: 'a', body }, [], stop.signal);
    const large = [put(file('x'.repeat(300_000))), put('x'.repeat(300_000))].map((each) => rejectionOf(each));
    for (const question of [client.ask({ method: 'HEAD', key: 'a' }, [], signal), put('{}')]) {
      const { message } = await rejectionOf(question, ReceiverAwayError);
      expect(message).to.equal(`${keys.endpoint} can't be reached: Headers Timeout Error`);
    }
    stop.abort(new Error('stop'));
    for (const { message } of await Promise.all(large)) expect(message).to.equal('stop');
  });

  it('is called off by its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('the run is over');
    controller.abort(reason);
    expect(await rejectionOf(open().sizes(controller.signal))).to.equal(reason);
  });

  it('is asked by Amazon’s names where no endpoint is given', async () => {
    const keys = { ...s3.keys, endpoint: '', region: 'nowhere-1' };
    const error = await rejectionOf(
      new S3Store({ path: 's3://b/x', keys, workFolder, clock }).sizes(signal),
      ReceiverAwayError,
    );
    expect(error.message).to.match(/^https:\/\/b\.s3\.nowhere-1\.amazonaws\.com can't be reached/);
    const dotted = new S3Store({ path: 's3://a.b/x', keys, workFolder, clock });
    const other = await rejectionOf(dotted.sizes(signal), ReceiverAwayError);
    expect(other.message).to.match(/^https:\/\/s3\.nowhere-1\.amazonaws\.com can't be reached/);
  });
});
