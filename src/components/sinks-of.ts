import type { EventMessage } from '../model/event-message.js';
import type { Component } from '../model/pipeline.js';
import { UsageError } from '../runtime/errors.js';
import { reachableConfig, requireAccess, requireReach } from './definition-access.js';
import type { ApiAccess } from './definition-access.js';
import type { EventFields, Kind, SinkDescription, SinkOpening, StageOpening } from './seam/component.js';
import type { Sink } from './seam/sink.js';
import type { Stage, StageContext } from './seam/stage.js';
import { registry } from './registry.js';
import type { Registry } from './registry.js';
import { fieldsBelow } from './stages-of.js';
import { requireVariables, withVariables } from './seam/variables.js';
import type { VariableSource } from './seam/variables.js';

/** A sink of a stored pipeline: what may be asked of it by those who do not know its config's shape. */
export interface PipelineSink extends SinkDescription {
  readonly name: string;
  readonly type: string;
  /** Opens the stages above it, in order: it gets what they make. */
  openStages(opening: Omit<StageOpening, 'name'>): Promise<readonly Stage[]>;
  /** What reaches it of each of the events that the source knows. */
  readonly events: readonly EventFields[];
  /** Throws UsageError where it names a variable, a file or a host that its definition may not, or the environment lacks a variable. */
  checkAccess(variables: VariableSource): void;
  /** Opens it; throws UsageError where the environment lacks a variable that it names. */
  open(opening: Omit<SinkOpening, 'name' | 'events'>, variables: VariableSource): Promise<Sink>;
}

/** Returns the sinks of a pipeline, in order. `access`: null for a definition of the command line. Throws UsageError for a component that this version does not know. */
export function sinksOf(
  components: readonly Component[],
  kinds: Registry = registry,
  access: ApiAccess | null = null,
): readonly PipelineSink[] {
  const known = components.map((component) => ({ ...component, kind: kindOf(component, kinds) }));
  return known.flatMap(({ name, type, config, kind }, position): PipelineSink[] => {
    if (kind.role !== 'sink') return [];
    const above = known.slice(0, position);
    const events = fieldsBelow(above, kinds);
    return [
      {
        ...{ name, type, ...kind.describe(config), events },
        openStages: (opening) =>
          Promise.all(
            above.flatMap((each) =>
              each.kind.role === 'stage' ? [each.kind.open(each.config, { ...opening, name: each.name })] : [],
            ),
          ),
        checkAccess: (variables) => {
          requireAccess(config, access);
          requireVariables(config, variables);
          if (access !== null) requireReach(withVariables(config, variables), access);
        },
        open: async (opening, variables) => {
          const opened = withVariables(config, variables);
          const reachable = access === null ? opened : await reachableConfig(opened, access);
          return kind.open(reachable, { ...opening, name, events });
        },
      },
    ];
  });
}

function kindOf({ name, type }: Component, kinds: Registry): Kind {
  const kind = kinds.find(type);
  if (kind !== undefined) return kind;
  throw new UsageError(`component '${name}' is of type '${type}', which this version does not know`);
}

/** Sends messages through stages, one after the other; what a stage leaves out goes no further. */
export async function mapThrough(
  stages: readonly Stage[],
  messages: readonly EventMessage[],
  context: StageContext,
): Promise<readonly EventMessage[]> {
  let mapped = messages;
  for (const stage of stages) {
    if (mapped.length === 0) break;
    mapped = await stage.map(mapped, context);
    context.signal.throwIfAborted();
  }
  return mapped;
}
