import { z } from 'zod';
import { parseAbi } from '../../chain/abi/abi.js';
import { builtinAbiNames } from '../../chain/abi/builtin-abis.js';
import type { AbiUse } from '../../chain/abi/abi.js';
import type { AbiFragment } from '../../model/pipeline.js';
import { NotFoundError, UsageError } from '../../runtime/errors.js';
import type { Reading } from '../seam/component.js';
import { notBoth } from './together.js';
import type { Look } from './together.js';

type Abi = readonly AbiFragment[];

/** The keys by which a definition gives an ABI: a reference to one, or the ABI itself. Equal references give the same array. */
export function abiKeys(reading: Reading, use: AbiUse = 'event') {
  const reference = z
    .string()
    .trim()
    .transform((text, context) => found(() => reading.abi(text, use), context));
  const inline = z.unknown().transform((value, context) => found(() => Promise.resolve(parseAbi(value, use)), context));
  return { abi_path: reference.optional(), abi: inline.optional() };
}

/** Tells where an ABI is not given, or twice. */
export function oneAbi(look: Look<unknown>): void {
  notBoth(look, 'abi_path', 'abi');
  if (look.isGiven('abi_path') || look.isGiven('abi')) return;
  look.tell('abi_path', 'is required', `give a file, builtin:NAME (${builtinAbiNames.join(', ')}) or abi_id:N`);
}

async function found(find: () => Promise<Abi>, context: z.RefinementCtx): Promise<Abi> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof NotFoundError)) throw error;
    context.issues.push({ code: 'custom', input: undefined, message: error.message, params: { hint: error.hint } });
    return z.NEVER;
  }
}
