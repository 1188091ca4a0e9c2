/** An exact decimal number: `digits` divided by ten to the power of `scale`. */
export interface Decimal {
  readonly digits: bigint;
  /** Never below zero. */
  readonly scale: number;
}

/** More digits than any number of a chain has: a text such as `1e999999` must not fill the memory. */
const mostDigits = 1_000;

/** Reads a decimal number, with or without a fraction and an exponent; null where the text is none. */
export function parseDecimal(text: string): Decimal | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > mostDigits || whole.length + fraction.length > mostDigits) return null;
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Writes a number without an exponent and without zeros at the end of its fraction. */
export function decimalText({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const fraction = text.slice(text.length - scale).replace(/0+$/, '');
  const whole = scale === 0 ? text : text.slice(0, text.length - scale);
  return scale === 0 || fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Divides by ten to a power, exactly. */
export function shiftedDown({ digits, scale }: Decimal, places: number): Decimal {
  return { digits, scale: scale + places };
}

/** Rounds to so many digits behind the point; halves go to the even neighbour. */
export function roundedTo({ digits, scale }: Decimal, places: number): Decimal {
  if (scale <= places) return { digits, scale };
  const unit = 10n ** BigInt(scale - places);
  const [quotient, rest] = [digits / unit, digits % unit];
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const up = twice > unit || (twice === unit && quotient % 2n !== 0n);
  return { digits: quotient + (up ? (digits < 0n ? -1n : 1n) : 0n), scale: places };
}

/** Returns what stands before the point. */
export function wholePart({ digits, scale }: Decimal): bigint {
  return digits / 10n ** BigInt(scale);
}
