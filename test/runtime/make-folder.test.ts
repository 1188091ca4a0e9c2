import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { makeFolder, makeFolderSync } from '../../src/runtime/make-folder.js';
import { rejectionOf } from '../support/rejection.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ways = {
  makeFolder,
  makeFolderSync: (path: string): Promise<void> => Promise.resolve().then(() => makeFolderSync(path)),
};

for (const [name, make] of Object.entries(ways)) {
  describe(name, () => {
    it('makes a folder with those above it, and lets be what is there', async () => {
      const folder = join(temporaryFolder(), 'a', 'b', 'c');
      await Promise.all([make(`${folder}/`), make(folder), make(join(folder, '..', 'd'))]);
      await make(relative(process.cwd(), join(folder, 'e')));
      for (const made of [folder, join(folder, 'e'), join(folder, '..', 'd')])
        expect(statSync(made).isDirectory()).to.equal(true);
    });

    it('goes through a link to a folder, and says which file is in the way', async () => {
      const folder = temporaryFolder();
      symlinkSync(folder, join(folder, 'link'));
      await make(join(folder, 'link', 'a'));
      expect(existsSync(join(folder, 'a'))).to.equal(true);
      writeFileSync(join(folder, 'file'), '');
      const error = await rejectionOf(make(join(folder, 'file', 'b')));
      expect(error.message).to.contain(`EEXIST: file already exists, mkdir '${join(folder, 'file')}'`);
    });

    it('is refused at once where the system makes none in a folder that is there', async function () {
      if (process.platform !== 'linux') this.skip(); // it is /proc that does so
      const error = await rejectionOf(make('/proc/nope/logs'));
      expect(error.message).to.contain("ENOENT: no such file or directory, mkdir '/proc/nope'");
    });
  });
}
