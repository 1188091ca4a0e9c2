import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FolderStore } from '../../../src/components/file-sink/folder-store.js';
import { TargetChangedError } from '../../../src/components/seam/delivery-errors.js';
import { rejectionOf } from '../../support/rejection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const held = (): Promise<void> => Promise.resolve();

describe('a file sink’s folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  const manifest = (): string => readFileSync(join(folder, '_chainparse.json'), 'utf8');

  function file(store: FolderStore) {
    const path = store.workPath();
    writeFileSync(path, 'mine');
    return { path, bytes: 4, sha256: '' };
  }

  it('has one first manifest, however many write one at once', async () => {
    const stores = Array.from({ length: 8 }, () => new FolderStore(folder));
    for (const store of stores) expect(await store.readManifest()).to.equal(null);
    let ready = 0;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const atOnce = async (): Promise<void> => {
      if (++ready === stores.length) go();
      await gate;
    };
    const written = await Promise.allSettled(stores.map((store, i) => store.writeManifest(String(i), atOnce)));
    const first = written.findIndex(({ status }) => status === 'fulfilled');
    expect(manifest()).to.equal(String(first));
    for (const [i, each] of written.entries()) {
      if (i !== first) expect((each as PromiseRejectedResult).reason).to.be.instanceOf(TargetChangedError);
    }
    expect(readdirSync(folder)).to.deep.equal(['_chainparse.json']);
    await stores[first]?.writeManifest('next', held);
    expect(manifest()).to.equal('next');
  });

  it('is left as it is where the manifest is another one, or gone', async () => {
    const store = new FolderStore(folder);
    await store.writeManifest('1', held);
    writeFileSync(join(folder, '_chainparse.json'), 'theirs');
    writeFileSync(join(folder, '1-2.csv'), 'theirs');
    for (const change of [() => store.writeManifest('2', held), () => store.put('1-2.csv', file(store))]) {
      const error = await rejectionOf(change(), TargetChangedError);
      expect(error.message).to.equal(`${folder}/_chainparse.json was changed by somebody else`);
    }
    expect(manifest()).to.equal('theirs');
    expect(readFileSync(join(folder, '1-2.csv'), 'utf8')).to.equal('theirs');
    rmSync(join(folder, '_chainparse.json'));
    for (const change of [() => store.writeManifest('2', held), () => store.put('3-4.csv', file(store))]) {
      const error = await rejectionOf(change(), TargetChangedError);
      expect(error.message).to.equal(`${folder}/_chainparse.json is gone`);
    }
    expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).to.deep.equal(['1-2.csv']);
  });
});
