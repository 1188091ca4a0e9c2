import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../../support/at-end.js';
import { extentOf } from '../../support/extent.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FakeS3 } from './fake-s3.js';
import { playSchedule } from './play-schedule.js';
import { inFolder, onS3 } from './sim-world.js';

/** What is synced there costs nothing. */
function quickFolder(): string {
  if (!existsSync('/dev/shm')) return temporaryFolder();
  const folder = mkdtempSync('/dev/shm/chainparse-test-');
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Schedules that found something once. */
const telling = [706, 766, 849, 2_580, 4_111, 4_233, 4_264];

/** Schedules of one test. */
const together = extentOf({ sample: 10, full: 25, soak: 25 });

describe('a file sink, whatever happens', function () {
  this.timeout(120_000);
  const folder = quickFolder();
  for (let first = 0; first < extentOf({ sample: 20, full: 200, soak: 10_000 }); first += together) {
    it(`holds each row once in a folder (seeds ${first} to ${first + together - 1})`, async () => {
      for (let seed = first; seed < first + together; seed++) {
        await naming(seed, () => playSchedule(seed, inFolder(join(folder, String(seed)))));
      }
    });
  }
  it(`holds each row once in a folder (seeds ${telling.join(', ')})`, async () => {
    for (const seed of telling) await naming(seed, () => playSchedule(seed, inFolder(join(folder, `told-${seed}`))));
  });
  for (let first = 0; first < extentOf({ sample: 10, full: 75, soak: 2_000 }); first += together) {
    it(`holds each row once on S3 (seeds ${first} to ${first + together - 1})`, async () => {
      for (let seed = first; seed < first + together; seed++) {
        const s3 = await FakeS3.start();
        await naming(seed, () => playSchedule(seed, onS3(s3, quickFolder())));
        await s3.stop();
      }
    });
  }
});

async function naming(seed: number, play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}
