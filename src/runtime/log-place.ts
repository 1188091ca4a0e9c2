import { isInLine, type FilePosition } from './last-lines.js';
import { openLogFile, type LogFile } from './log-files.js';

/** Returns a text for a place in a log that stays good when its file is put aside. */
export function placeText({ inode, birth }: LogFile, offset: number): string {
  return `${inode}-${birth}-${offset}`;
}

/** Finds the place that a text stands for. Undefined: its file is gone or was emptied, or no line begins there. */
export async function findPlace(files: readonly LogFile[], text: string): Promise<FilePosition | undefined> {
  const offset = Number(/^\d+-\d+-(\d{1,15})$/.exec(text)?.[1] ?? NaN);
  const file = files.find((each) => placeText(each, offset) === text);
  if (file === undefined || offset > file.size) return undefined;
  const handle = await openLogFile(file);
  try {
    return handle === undefined || (await isInLine(handle, offset)) ? undefined : { file, offset, isInside: false };
  } finally {
    await handle?.close();
  }
}
