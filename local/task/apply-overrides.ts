import type { ContainerDefinition, TaskOverride } from "../ecs-shapes.ts";

/** The definition of a container as RunTask's `overrides` change it. */
export function applyOverrides(
  definition: ContainerDefinition,
  overrides: TaskOverride,
): ContainerDefinition {
  const override = overrides.containerOverrides?.find(({ name }) => name === definition.name);
  if (override === undefined) return definition;
  return {
    ...definition,
    ...override,
    // An override's variables are added to the definition's; everything else replaces it.
    environment: [...(definition.environment ?? []), ...(override.environment ?? [])],
  };
}
