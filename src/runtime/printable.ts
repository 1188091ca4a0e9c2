/**
 * What steers a terminal, hides or reorders text: C0 and C1 controls, format characters (zero width, bidirectional), the
 * separators of lines. The joiners are part of how some scripts and pictures are written.
 */
const steering = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const steeringButLayout = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const shown = '\u{fffd}';

/** Returns a text of one line as it may be printed: nodes, other programs and files must not steer the terminal. */
export function printableLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ').replace(steering, shown);
}

/** Returns a text as it may be printed, its lines and tabs kept. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(steeringButLayout, shown);
}

/** Returns JSON that means the same and steers no terminal: JSON leaves some of it as it is. */
export function printableJson(json: string): string {
  return json.replace(/(?![\n\t\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits);
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
