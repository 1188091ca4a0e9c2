import { messageOf } from './errors.js';

/** How Node says that nobody whom it trusts has signed a certificate. */
const untrusted = /self-signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate/i;

/** What else may be wrong with one, by Node's words, and what a person can do about it. */
const faults: readonly (readonly [words: RegExp, hint: string])[] = [
  [/certificate has expired/i, "its certificate has run out: renew it there, or set this computer's clock right"],
  [/certificate is not yet valid/i, "its certificate is for a later time: set the clocks right, this computer's too"],
  [
    /does not match certificate's altnames/i,
    'its certificate is for other names: write one of them as the host, or have one made for this host',
  ],
];

/**
 * Returns what to do about a server whose certificate was not accepted; undefined where an error says something else. `way` is
 * how an authority is named that the system does not know.
 */
export function certificateHint(
  error: unknown,
  way = "set NODE_EXTRA_CA_CERTS=FILE to that authority's certificate",
): string | undefined {
  const text = messageOf(error);
  if (untrusted.test(text)) return `the system does not know who signed its certificate: ${way}`;
  return faults.find(([words]) => words.test(text))?.[1];
}
