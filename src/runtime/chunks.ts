/** Cuts a list into parts of so many items at most. */
export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_part, at) => items.slice(at * size, (at + 1) * size));
}
