import { list, type Statement } from "../../local/iam/policy.ts";
import { type Block, type Configuration, text, type Value } from "./terraform.ts";

export function resourceOf({ resources }: Configuration, address: string): Block {
  const found = resources.find(([one]) => one === address);
  if (found === undefined) throw new Error(`There is no ${address}.`);
  return found[1];
}

/** One of the resources that make up the staging bucket. */
export function bucketPart(tf: Configuration, kind: string): Block {
  const { bucket, ...part } = resourceOf(tf, `aws_s3_bucket_${kind}.staging`);
  expect(bucket).toBe(resourceOf(tf, "aws_s3_bucket.staging")["bucket"]);
  return part;
}

/** The set-up's resources with the names and properties that the template has for them, but for roles and policies. */
export function asTemplate(tf: Configuration): unknown {
  return {
    Provider: pascal(resourceOf(tf, "aws_iam_openid_connect_provider.github"), ["count"]),
    Bucket: {
      BucketName: resourceOf(tf, "aws_s3_bucket.staging")["bucket"],
      PublicAccessBlockConfiguration: pascal(bucketPart(tf, "public_access_block")),
      OwnershipControls: { Rules: [pascal(bucketPart(tf, "ownership_controls")["rule"], [])].flat() },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: blocks(
          bucketPart(tf, "server_side_encryption_configuration"),
          "rule",
        ).map((rule) => ({
          ServerSideEncryptionByDefault: {
            SSEAlgorithm: only(rule, "apply_server_side_encryption_by_default")["sse_algorithm"],
          },
        })),
      },
      LifecycleConfiguration: {
        Rules: blocks(bucketPart(tf, "lifecycle_configuration"), "rule").map((rule) => ({
          Id: rule["id"],
          Status: rule["status"],
          ...pascal(only(rule, "filter")),
          ...(rule["expiration"] !== undefined && { ExpirationInDays: only(rule, "expiration")["days"] }),
          ...(rule["noncurrent_version_expiration"] !== undefined && {
            NoncurrentVersionExpiration: pascal(only(rule, "noncurrent_version_expiration")),
            AbortIncompleteMultipartUpload: pascal(only(rule, "abort_incomplete_multipart_upload")),
          }),
        })),
      },
    },
    LogGroup: {
      LogGroupName: resourceOf(tf, "aws_cloudwatch_log_group.this")["name"],
      RetentionInDays: resourceOf(tf, "aws_cloudwatch_log_group.this")["retention_in_days"],
    },
    Cluster: clusterOf(resourceOf(tf, "aws_ecs_cluster.this")),
    SecurityGroup: groupOf(resourceOf(tf, "aws_security_group.tasks")),
    TaskDefinition: {
      ...pascal(resourceOf(tf, "aws_ecs_task_definition.this"), ["container_definitions"]),
      ContainerDefinitions: pascal(resourceOf(tf, "aws_ecs_task_definition.this")["container_definitions"]),
    },
    Service: serviceOf(resourceOf(tf, "aws_ecs_service.this")),
  };
}

/** Statements with lists instead of single texts. */
export function normalise(statements: readonly Statement[]): unknown {
  return statements.map(({ Action, Resource, Condition = {}, ...statement }) => ({
    ...statement,
    Action: list(Action),
    ...(Resource !== undefined && { Resource: list(Resource) }),
    Condition: Object.fromEntries(
      Object.entries(Condition).map(([operator, keys]) => [
        operator,
        Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, list(values)])),
      ]),
    ),
  }));
}

/** The statements of an `aws_iam_policy_document`, as a policy's JSON has them. */
export function statementsOf(document: Block | undefined): unknown {
  if (document === undefined) throw new Error("There is no such document.");
  return normalise(
    blocks(document, "statement").map((statement): Statement => {
      const { sid, effect = "Allow", actions, resources } = statement;
      const [principal] = blocks(statement, "principals");
      const conditions = blocks(statement, "condition");
      const operators = [...new Set(conditions.map(({ test }) => text(test)))];
      return {
        ...{ Sid: sid, Effect: effect, Action: actions },
        ...(resources !== undefined && { Resource: resources }),
        ...(principal !== undefined && { Principal: principalOf(principal) }),
        Condition: Object.fromEntries(
          operators.map((operator) => [
            operator,
            Object.fromEntries(
              conditions
                .filter(({ test }) => test === operator)
                .map(({ variable, values }) => [text(variable), values]),
            ),
          ]),
        ),
      } as Statement;
    }),
  );
}

function principalOf({ type, identifiers }: Block): unknown {
  return type === "*" ? "*" : { [text(type)]: (identifiers as readonly Value[])[0] };
}

function blocks(block: Block, name: string): readonly Block[] {
  return (block[name] ?? []) as readonly Block[];
}

/** The blocks that a `dynamic` block makes: its content, once for each of `for_each`. */
function dynamicBlocks(block: Block, name: string): readonly Block[] {
  return blocks(block, "dynamic").flatMap((dynamic) => {
    const { for_each: each, content } = dynamic[name] as Block;
    return (each as readonly Value[]).flatMap(() => content as readonly Block[]);
  });
}

/** The only block of that name. */
function only(block: Block, name: string): Block {
  const [one, ...others] = blocks(block, name);
  if (one === undefined || others.length > 0) throw new Error(`There is not one '${name}'.`);
  return one;
}

export function pascalName(name: string): string {
  return name.replaceAll(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

/** The same members under the names that CloudFormation has for them. */
function pascal(
  value: Value | undefined,
  without: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const renamed = (one: Value): unknown => {
    if (Array.isArray(one)) return (one as readonly Value[]).map(renamed);
    if (typeof one !== "object") return one;
    const members = Object.entries(one).filter(([name]) => !without.includes(name));
    // A log driver's options are not ECS's.
    return Object.fromEntries(
      members.map(([name, inner]) => [name.includes("-") ? name : pascalName(name), renamed(inner)]),
    );
  };
  return renamed(value ?? {}) as Readonly<Record<string, unknown>>;
}

function clusterOf(block: Block): unknown {
  const exec = only(only(block, "configuration"), "execute_command_configuration");
  return {
    ClusterName: block["name"],
    Configuration: {
      ExecuteCommandConfiguration: {
        Logging: exec["logging"],
        ...Object.fromEntries(
          dynamicBlocks(exec, "log_configuration").map((one) => ["LogConfiguration", pascal(one)]),
        ),
      },
    },
  };
}

function groupOf({ name, description, vpc_id: vpc, egress }: Block): unknown {
  return {
    ...{ GroupName: name, GroupDescription: description, VpcId: vpc },
    SecurityGroupEgress: (egress as readonly Block[]).map(
      ({ protocol, cidr_blocks: cidrs, description }) => ({
        ...{ IpProtocol: protocol, CidrIp: (cidrs as readonly Value[])[0], Description: description },
      }),
    ),
  };
}

function serviceOf(block: Block): unknown {
  const { name, wait_for_steady_state: waits, depends_on: after, ...rest } = block;
  // CloudFormation always waits, and makes a role with its policies.
  expect([waits, after]).toEqual([true, ["task", "execution"]]);
  return {
    ServiceName: name,
    ...pascal(rest, ["deployment_circuit_breaker", "network_configuration"]),
    DeploymentConfiguration: { DeploymentCircuitBreaker: pascal(only(block, "deployment_circuit_breaker")) },
    NetworkConfiguration: { AwsvpcConfiguration: pascal(only(block, "network_configuration")) },
  };
}
