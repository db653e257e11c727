/** The part that is new in each run, in ARNs of ECS and Session Manager and of objects below the prefix of the input `bucket`. */
const OF_ONE_RUN: readonly RegExp[] = [
  /(:task\/(?:[^/\s]+\/)?)[0-9a-f-]{32,36}(?=['"]?$)/,
  /(:task-definition\/fargate-exec-)[^\s'"]+/,
  /(:task-definition\/[^/\s:'"]+:)\d+/,
  /(:service-(?:deployment|revision)\/[^/\s]+\/[^/\s]+\/)[^/\s'"]+/,
  /([:/']ecs-execute-command-)[^\s'"]+/,
  /(:s3:::[^/\s]+\/(?:.*\/)?)(?:[\w-]+\/payload|output\/[0-9a-f]{32}\/.*|claims\/[^/]+\/[^/]+\.json|locks\/[^/]+\.json)$/,
];

/**
 * The resource that a policy has to name for all runs. A `*` replaces the part that belongs to one run, such as the id of a task, a revision
 * or a session. Any other resource is returned unchanged.
 */
export function patternOf(resource: string): string {
  const found = OF_ONE_RUN.find((pattern) => pattern.test(resource));
  return found === undefined ? resource : resource.replace(found, "$1*");
}
