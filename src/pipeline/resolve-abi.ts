import { resolve } from 'node:path';
import { parseAbi } from '../chain/abi/abi.js';
import { builtinAbi, builtinAbiNames } from '../chain/abi/builtin-abis.js';
import type { AbiFragment } from '../model/pipeline.js';
import { NotFoundError, UsageError, messageOf } from '../runtime/errors.js';
import type { DefinitionMap } from './definition-map.js';
import { readTextFile } from './read-text-file.js';
import { nearest } from './suggest.js';
import { plainValue } from './yaml-node.js';

/** Returns the ABI that is stored under an id; throws NotFoundError where there is none. */
export type StoredAbi = (id: number) => Promise<readonly AbiFragment[]>;

/** The keys by which a definition gives an ABI. */
export const abiKeys = ['abi_path', 'abi'] as const;

/** Finds the ABIs that a definition names or holds, each only once. */
export class AbiResolver {
  readonly #folder: string | null;
  readonly #storedAbi: StoredAbi;
  readonly #found = new Map<string, Promise<readonly AbiFragment[]>>();

  /** `folder`: what relative paths start from; null where a definition may name no file. */
  constructor(folder: string | null, storedAbi: StoredAbi) {
    this.#folder = folder;
    this.#storedAbi = storedAbi;
  }

  /** Returns the ABI of a mapping's `abi_path` or `abi`; equal references give the same array. */
  async resolve(map: DefinitionMap): Promise<readonly AbiFragment[]> {
    map.refuseBoth('abi_path', 'abi');
    const inline = map.get('abi');
    if (inline !== undefined) return this.#checked(map, 'abi', () => Promise.resolve(parseAbi(plainValue(inline))));
    const reference = map.text('abi_path')?.trim();
    if (reference === undefined) {
      throw map.problem(
        'abi_path',
        'is required',
        `give a file, builtin:NAME (${builtinAbiNames.join(', ')}) or abi_id:N`,
      );
    }
    const found = this.#found.get(reference) ?? this.#checked(map, 'abi_path', () => this.#find(reference));
    this.#found.set(reference, found);
    return found;
  }

  /** Runs a search and tells its failure with the place in the definition. */
  async #checked(
    map: DefinitionMap,
    key: string,
    find: () => Promise<readonly AbiFragment[]>,
  ): Promise<readonly AbiFragment[]> {
    try {
      return await find();
    } catch (error) {
      if (error instanceof UsageError || error instanceof NotFoundError)
        throw map.problem(key, error.message, error.hint);
      throw error;
    }
  }

  #find(reference: string): Promise<readonly AbiFragment[]> {
    if (reference.startsWith('builtin:')) return Promise.resolve(findBuiltin(reference.slice('builtin:'.length)));
    if (reference.startsWith('abi_id:')) return this.#findStored(reference.slice('abi_id:'.length));
    if (this.#folder === null) return Promise.reject(noFile(reference));
    return readAbiFile(resolve(this.#folder, reference), reference);
  }

  async #findStored(text: string): Promise<readonly AbiFragment[]> {
    if (!/^\s*[1-9][0-9]{0,8}$/.test(text))
      throw new UsageError(`abi_id:${text} must end in the number of a stored ABI`);
    return this.#storedAbi(Number(text));
  }
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

function findBuiltin(name: string): readonly AbiFragment[] {
  const abi = builtinAbi(name);
  if (abi !== undefined) return abi;
  const suggestion = nearest(name, builtinAbiNames);
  throw new UsageError(`there is no built-in ABI ${JSON.stringify(name)}; the nearest is builtin:${suggestion ?? ''}`, {
    hint: `the built-in ones are ${builtinAbiNames.join(', ')}`,
  });
}

/** Reads the ABI in a JSON file; `name` is how errors call the file. */
export async function readAbiFile(path: string, name: string): Promise<readonly AbiFragment[]> {
  const text = await readTextFile(path, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${messageOf(error).replace(/\s+/g, ' ')}`, { cause: error });
  }
  try {
    return parseAbi(value);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${name}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
