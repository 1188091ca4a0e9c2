import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { RuntimeFailure } from '../src/runtime/errors.js';

/** Returns the path of the anvil program: that of npm's optional package, else one in PATH. Throws RuntimeFailure. */
export function findAnvil(path: string | undefined): string {
  const found = [packagedAnvil(), ...foldersOf(path).map((folder) => join(folder, 'anvil'))].find(
    (program) => program !== undefined && existsSync(program),
  );
  if (found !== undefined) return found;
  throw new RuntimeFailure('the demo needs the program anvil, and it is not installed', {
    hint: 'npm install --include=optional @foundry-rs/anvil, or install Foundry (https://getfoundry.sh)',
  });
}

/** The program itself, not npm's wrapper around it, which a SIGKILL would end without it. */
function packagedAnvil(): string | undefined {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const wrapper = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'));
    return wrapper.resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
  } catch {
    return undefined;
  }
}

function foldersOf(path = ''): readonly string[] {
  return path.split(delimiter).filter((folder) => folder !== '');
}
