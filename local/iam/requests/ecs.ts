import type { Context } from "../conditions.ts";
import { checkInputTypes } from "./input-types.ts";
import type { CallScope, Request, Right } from "./request.ts";

interface Tag {
  readonly key: string;
  readonly value: string;
}

interface Body {
  readonly cluster?: string;
  readonly clusters?: readonly string[];
  readonly task?: string;
  readonly tasks?: readonly string[];
  readonly container?: string;
  readonly containerInstance?: string;
  readonly service?: string;
  readonly serviceName?: string;
  readonly serviceArn?: string;
  readonly services?: readonly string[];
  readonly serviceDeploymentArn?: string;
  readonly serviceDeploymentArns?: readonly string[];
  readonly serviceRevisionArns?: readonly string[];
  readonly taskDefinition?: string;
  readonly taskDefinitions?: readonly string[];
  readonly family?: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  readonly enableExecuteCommand?: boolean;
  readonly overrides?: { readonly taskRoleArn?: string; readonly executionRoleArn?: string };
  readonly capacityProviderStrategy?: readonly { readonly capacityProvider: string }[];
  readonly tags?: readonly Tag[];
}

/**
 * The rights that a call of ECS needs, according to AWS's service authorization reference. Throws ECS's answer to a body that has other types than
 * the call takes.
 */
export async function ecsRights(request: Request, scope: CallScope): Promise<readonly Right[]> {
  const { operation } = request;
  checkInputTypes(operation, request.body);
  const body = request.body as Body;
  const arn = (rest: string): string => `arn:aws:ecs:${scope.region}:${scope.accountId}:${rest}`;
  const named = (kind: string, reference: string): string =>
    reference.startsWith("arn:") ? reference : arn(`${kind}/${reference}`);
  const cluster = named("cluster", body.cluster ?? "default");
  const name = cluster.split("/").at(-1) ?? "";
  const context: Context = {
    "ecs:cluster": cluster,
    "ecs:container-name": body.container,
    "ecs:enable-execute-command": String(body.enableExecuteCommand ?? false),
    "ecs:capacity-provider": body.capacityProviderStrategy?.map(({ capacityProvider }) => capacityProvider),
    ...requestTags(body.tags ?? []),
  };
  const right = (resource: string, more: Context = {}): Right => ({
    action: `ecs:${operation}`,
    resource,
    context: { ...context, ...more },
  });
  const task = (reference: string): Right => {
    const resource = named(`task/${name}`, reference);
    return right(resource, { "ecs:task": resource, ...tagKeys("ResourceTag", scope.tagsOfTask(reference)) });
  };
  /** The rights for a deployment or a revision: one on its service, and one on itself. */
  const ofService = (reference: string): Right[] => {
    const [, deployed = "", names = ""] =
      /^(.*:service)-(?:deployment|revision)\/(.*)\/[^/]*$/.exec(reference) ?? [];
    return [right(`${deployed}/${names}`), right(reference)];
  };
  const tagged = (resource: string): readonly Right[] =>
    (body.tags ?? []).length === 0
      ? []
      : [{ action: "ecs:TagResource", resource, context: { ...context, "ecs:CreateAction": operation } }];

  switch (operation) {
    case "ExecuteCommand": {
      const one = task(body.task ?? "");
      return [{ ...one, resource: cluster }, one];
    }
    case "StopTask":
    case "GetTaskProtection":
    case "UpdateTaskProtection":
    case "DescribeTasks":
      return [...(body.tasks ?? []), ...(body.task === undefined ? [] : [body.task])].map(task);
    case "DescribeClusters":
      return (body.clusters ?? ["default"]).map((reference) => right(named("cluster", reference)));
    case "DescribeServices":
      return (body.services ?? []).map((reference) => right(named(`service/${name}`, reference)));
    case "DescribeServiceDeployments":
      return (body.serviceDeploymentArns ?? []).flatMap(ofService);
    case "DescribeServiceRevisions":
      return (body.serviceRevisionArns ?? []).flatMap(ofService);
    case "ContinueServiceDeployment":
      return ofService(body.serviceDeploymentArn ?? "");
    case "ListServiceDeployments":
    case "UpdateService":
    case "DeleteService":
      return [right(named(`service/${name}`, body.service ?? ""))];
    case "DescribeExpressGatewayService":
      return [right(body.serviceArn ?? "")];
    case "CreateExpressGatewayService":
    case "CreateService": {
      const service = arn(`service/${name}/${body.serviceName ?? ""}`);
      return [right(service), ...tagged(service)];
    }
    case "ListTasks":
      // Without a container instance the resource is `*` (users' reports: "not authorized to perform: ecs:ListTasks on resource: *").
      return [
        right(
          body.containerInstance === undefined
            ? "*"
            : named(`container-instance/${name}`, body.containerInstance),
        ),
      ];
    case "RunTask": {
      const { resource, roles } = await launchDefinition(body, scope, named);
      return [right(resource), ...passRoleRights(roles, scope), ...tagged(arn(`task/${name}/*`))];
    }
    case "RegisterTaskDefinition":
      return [
        right(arn(`task-definition/${body.family ?? ""}:*`)),
        ...passRoleRights([body.taskRoleArn, body.executionRoleArn], scope),
        ...tagged(arn(`task-definition/${body.family ?? ""}`)),
      ];
    case "DeleteTaskDefinitions":
      return (body.taskDefinitions ?? []).map((reference) => right(named("task-definition", reference)));
    default:
      return [right("*")];
  }
}

/** The revision that RunTask would start, and the roles that it would pass. */
async function launchDefinition(
  { taskDefinition = "", overrides = {} }: Body,
  { records }: CallScope,
  named: (kind: string, reference: string) => string,
): Promise<{ readonly resource: string; readonly roles: readonly (string | undefined)[] }> {
  const found = await records.taskDefinition(taskDefinition).catch(() => undefined);
  return {
    resource: found?.taskDefinitionArn ?? named("task-definition", taskDefinition),
    roles: [
      overrides.taskRoleArn ?? found?.taskRoleArn,
      overrides.executionRoleArn ?? found?.executionRoleArn,
    ],
  };
}

/** The right iam:PassRole for each role. ECS takes a role's ARN or its name. */
function passRoleRights(roles: readonly (string | undefined)[], { accountId }: CallScope): readonly Right[] {
  return [...new Set(roles)]
    .filter((role) => role !== undefined)
    .map((role) => ({
      action: "iam:PassRole",
      resource: role.startsWith("arn:") ? role : `arn:aws:iam::${accountId}:role/${role}`,
      context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
    }));
}

function requestTags(tags: readonly Tag[]): Context {
  if (tags.length === 0) return {};
  return { "aws:TagKeys": tags.map(({ key }) => key), ...tagKeys("RequestTag", tags) };
}

function tagKeys(kind: "RequestTag" | "ResourceTag", tags: readonly Tag[]): Context {
  return Object.fromEntries(tags.map(({ key, value }) => [`aws:${kind}/${key}`, value]));
}
