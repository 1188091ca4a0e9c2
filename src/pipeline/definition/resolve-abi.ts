import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAbi } from '../../chain/abi/abi.js';
import type { AbiUse } from '../../chain/abi/abi.js';
import { builtinAbi, builtinAbiNames } from '../../chain/abi/builtin-abis.js';
import type { Reading } from '../../components/seam/component.js';
import type { AbiFragment } from '../../model/pipeline.js';
import { UsageError, messageOf } from '../../runtime/errors.js';
import { nearest } from '../../runtime/nearest.js';
import { readTextFile } from './read-text-file.js';

/** Returns the ABI that is stored under an id; throws NotFoundError where there is none. */
export type FindStoredAbi = (id: number) => Promise<readonly AbiFragment[]>;

/** Finds the ABIs that a definition names, each only once. */
export class AbiResolver implements Reading {
  readonly #folder: string | null;
  readonly #storedAbi: FindStoredAbi;
  readonly #found = new Map<string, Promise<readonly AbiFragment[]>>();

  /** `folder`: what relative paths start from; null where a definition may name no file. */
  constructor(folder: string | null, storedAbi: FindStoredAbi) {
    this.#folder = folder;
    this.#storedAbi = storedAbi;
  }

  /** Equal references give the same array. */
  abi(reference: string, use: AbiUse = 'event'): Promise<readonly AbiFragment[]> {
    const key = `${use} ${reference}`;
    const found = this.#found.get(key) ?? this.#find(reference, use);
    this.#found.set(key, found);
    return found;
  }

  async #find(reference: string, use: AbiUse): Promise<readonly AbiFragment[]> {
    if (reference.startsWith('builtin:')) return findBuiltin(reference.slice('builtin:'.length), use);
    if (reference.startsWith('abi_id:')) return this.#findStored(reference.slice('abi_id:'.length), use);
    if (this.#folder === null) throw noFile(reference);
    return readAbiFile(pathOf(this.#folder, reference), reference, use);
  }

  async #findStored(text: string, use: AbiUse): Promise<readonly AbiFragment[]> {
    if (!/^\s*[1-9][0-9]{0,8}$/.test(text))
      throw new UsageError(`abi_id:${text} must end in the number of a stored ABI`);
    // Whatever stored it may have let through what is an error by now.
    return parseNamed(await this.#storedAbi(Number(text)), `abi_id:${text.trim()}`, use);
  }
}

/** The older program's definitions name files from the folder above theirs, too. */
function pathOf(folder: string, reference: string): string {
  const paths = [resolve(folder, reference), resolve(folder, '..', reference)] as const;
  return paths.find((path) => existsSync(path)) ?? paths[0];
}

/** Whoever sends a definition over the network must not learn which files there are. */
function noFile(reference: string): UsageError {
  return new UsageError(
    `${JSON.stringify(reference)} is a file, which a definition that comes over the network can't name`,
    {
      hint: `write the ABI itself under abi, builtin:NAME (${builtinAbiNames.join(', ')}) or abi_id:N`,
    },
  );
}

function findBuiltin(name: string, use: AbiUse): readonly AbiFragment[] {
  const abi = builtinAbi(name, use);
  if (abi !== undefined) return abi;
  const suggestion = nearest(name, builtinAbiNames);
  throw new UsageError(`there is no built-in ABI ${JSON.stringify(name)}; the nearest is builtin:${suggestion ?? ''}`, {
    hint: `the built-in ones are ${builtinAbiNames.join(', ')}`,
  });
}

/** Reads the ABI in a JSON file; `name` is how errors call the file. */
export async function readAbiFile(path: string, name: string, use?: AbiUse): Promise<readonly AbiFragment[]> {
  const text = await readTextFile(path, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${messageOf(error).replace(/\s+/g, ' ')}`, { cause: error });
  }
  return parseNamed(value, name, use);
}

function parseNamed(value: unknown, name: string, use?: AbiUse): readonly AbiFragment[] {
  try {
    return parseAbi(value, use);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${name}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
