import { z } from 'zod';
import { toChecksumAddress } from '../../chain/abi/checksum.js';

const mustBe = 'must be an address of 0x and 40 hex digits';

/** An address; written in mixed case it must carry the checksum of EIP-55. Gives it in lower case. */
export function address() {
  return z
    .string({ error: mustBe })
    .trim()
    .transform((text, context) => {
      const digits = text.slice(2);
      const lower = `0x${digits.toLowerCase()}`;
      const problem = problemOf(text, lower);
      if (problem === null) return lower;
      context.issues.push({ code: 'custom', input: text, ...problem });
      return z.NEVER;
    });
}

interface AddressProblem {
  readonly message: string;
  readonly params?: { readonly hint: string | undefined; readonly shows: true };
}

function problemOf(text: string, lower: string): AddressProblem | null {
  if (!/^0x[0-9a-f]{40}$/i.test(text)) return { message: mustBe, params: { hint: hintFor(text), shows: true } };
  const digits = text.slice(2);
  const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  const right = toChecksumAddress(lower);
  if (!isMixed || right.slice(2) === digits) return null;
  return { message: `${text} has a wrong EIP-55 checksum; the right one is ${right}` };
}

function hintFor(text: string): string | undefined {
  if (/^[0-9a-f]{40}$/i.test(text)) return 'write 0x in front of it';
  if (/^0x[0-9a-f]+$/i.test(text)) return `it has ${text.length - 2} hex digits`;
  if (/\.eth$/i.test(text)) return 'names of ENS are not looked up: give the address';
  return undefined;
}
