import type { Component } from '../model/pipeline.js';
import { UsageError, messageOf } from '../runtime/errors.js';
import { registry } from './registry.js';
import type { Registry } from './registry.js';
import type { Remark, SinkKind, TargetOpening } from './seam/component.js';
import { areSet, withVariables } from './seam/variables.js';
import type { VariableSource } from './seam/variables.js';

/** Something that a sink's target said, or did not say. */
export interface TargetFinding {
  /** Where it stands in the definition. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint?: string | undefined;
  /** True: a run would be refused; false: the target could not be asked, so that nobody knows. */
  readonly isRefused: boolean;
}

/** What targets are asked with, and by which kinds. */
export interface Asking {
  readonly opening: Omit<TargetOpening, 'name'>;
  readonly variables: VariableSource;
  readonly kinds?: Registry;
}

/** Says whether some of these have a target that bears one sink alone. */
export function hasTargets(components: readonly (Component | undefined)[], kinds: Registry = registry): boolean {
  return components.some((component) => refusingKind(component, kinds) !== null);
}

/** Asks the target of each sink that must have it alone; one whose variables are not set here is not asked. */
export async function askTargets(
  components: readonly (Component | undefined)[],
  { opening, variables, kinds = registry }: Asking,
): Promise<readonly TargetFinding[]> {
  const findings: TargetFinding[] = [];
  for (const [position, component] of components.entries()) {
    const kind = refusingKind(component, kinds);
    if (component === undefined || kind === null || !areSet(component.config, variables)) continue;
    const config = withVariables(component.config, variables);
    const at = kind.fills === undefined ? [] : [kind.fills(config, null).key];
    const finding = await ask(at, () => kind.refusal(config, { ...opening, name: component.name }));
    if (finding !== null) findings.push({ ...finding, path: ['components', position, ...finding.at] });
  }
  return findings;
}

type RefusingKind = SinkKind<object> & Required<Pick<SinkKind<object>, 'refusal'>>;

function refusingKind(component: Component | undefined, kinds: Registry): RefusingKind | null {
  const kind = kinds.find(component?.type ?? '');
  return kind?.role === 'sink' && kind.refusal !== undefined ? (kind as RefusingKind) : null;
}

async function ask(
  at: Remark['at'],
  question: () => Promise<Remark | null>,
): Promise<(Remark & Pick<TargetFinding, 'isRefused'>) | null> {
  try {
    const remark = await question();
    return remark === null ? null : { ...remark, isRefused: true };
  } catch (error) {
    if (error instanceof UsageError) return { at, message: error.message, hint: error.hint, isRefused: true };
    return { at, message: `whether another sink fills it is not known: ${messageOf(error)}`, isRefused: false };
  }
}
