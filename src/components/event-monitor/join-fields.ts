import type { Field } from '../seam/component.js';

/** Of several fields with one name makes one that holds what each of them does; the first one says where it stands. */
export function joinFields(fields: readonly Field[]): readonly Field[] {
  const joined = new Map<string, Field>();
  for (const field of fields) {
    const known = joined.get(field.name);
    joined.set(field.name, known === undefined ? field : joinTwo(known, field));
  }
  return [...joined.values()];
}

function joinTwo({ name, type, members = [] }: Field, other: Field): Field {
  if (type !== other.type) return { name, type: joinTypes(type, other.type) };
  const all = joinFields([...members, ...(other.members ?? [])]);
  return { name, type, ...(all.length === 0 ? {} : { members: all }) };
}

/** The narrowest integer that holds both, else a text. */
function joinTypes(a: string, b: string): string {
  const [one, other] = [integerOf(a), integerOf(b)];
  if (one === null || other === null) return 'text';
  if (one.isSigned === other.isSigned) return one.bits > other.bits ? a : b;
  // What has a sign has a bit less for the amount.
  const bits = Math.max(...[one, other].map((each) => (each.isSigned ? each.bits : each.bits + 8)));
  return bits > 256 ? 'text' : `int${bits}`;
}

function integerOf(type: string): { readonly isSigned: boolean; readonly bits: number } | null {
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(type) ?? [];
  return bits === undefined ? null : { isSigned: unsigned === '', bits: Number(bits) };
}
