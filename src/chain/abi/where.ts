/** How a value of an event is compared with one of a definition. */
export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in';

/** Every operator, in the order in which they are told. */
export const operators: readonly Operator[] = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'];

/** Operators that only numbers have. */
export const numberOperators: ReadonlySet<Operator> = new Set(['gt', 'gte', 'lt', 'lte']);

/** What must hold of one argument: every comparison. Values are texts, numbers in decimal digits. */
export type Comparisons = Readonly<Partial<Record<Operator, string | readonly string[]>>>;

/** What must hold of an event, by paths of its arguments: `args.value`, `args.order.maker`, `args.name.hash`. */
export type Where = Readonly<Record<string, Comparisons>>;

/** Returns the comparisons of one argument, each with the values of which one (`in`) or the only one counts. */
export function comparisonsOf(comparisons: Comparisons): readonly (readonly [Operator, readonly string[]])[] {
  return operators.flatMap((operator) => {
    const value = comparisons[operator];
    if (value === undefined) return [];
    return [[operator, typeof value === 'string' ? [value] : value] as const];
  });
}
