import type { Cluster, ExecConfiguration } from "../../aws/ecs.ts";
import { jobTimes } from "../../inputs/job-times.ts";
import { bucketOwner } from "../../ready/bucket.ts";
import { checkArchitecture } from "../../ready/checks/architecture.ts";
import { checkCaller, checkCallerRights, principalOf } from "../../ready/checks/caller.ts";
import {
  type Check,
  checkLine,
  doubtInput,
  lookAt,
  passedCheck,
  skippedCheck,
  unansweredCheck,
} from "../../ready/checks/check.ts";
import { checkContainer } from "../../ready/checks/container.ts";
import { credentialLife } from "../../ready/checks/credentials.ts";
import { checkHooks } from "../../ready/checks/deployment.ts";
import { checkLaunch } from "../../ready/checks/launch.ts";
import { checkNetwork, findNetworkOfInterface, findNetworkOfStart } from "../../ready/checks/network.ts";
import { addressOfStart, addressOfTask } from "../../ready/checks/public-address.ts";
import { type Principal, checkRole } from "../../ready/checks/role.ts";
import { checkSessionLog } from "../../ready/checks/session-log.ts";
import { checkStaging } from "../../ready/checks/staging.ts";
import { waysOf } from "../../ready/checks/ways.ts";
import { checkResult, type CheckResult } from "../../report/result.ts";
import type { StepContext } from "../step-context.ts";
import { clusterArn, clusterName, clusterOf, parseArn } from "../../targets/arn.ts";
import { findSubject, type Subject, THE_REST } from "./subject.ts";

/** Checks what a run with these inputs needs, and shows each check. Starts, registers and writes nothing. */
export async function checkSetUp(step: StepContext, env: NodeJS.ProcessEnv): Promise<CheckResult> {
  const { log, reader } = step;
  const checks = [...(await makeChecks(step, env)), ...itemChecks(step.inputs)];
  const hasScript = step.inputs.script.kind !== "none";
  log.phase();
  log.info(`What a run needs${hasScript ? " ('check' is true, so the script is not run)" : ""}:`);
  for (const row of checks) log.info(checkLine(row, reader));
  const result = checkResult(checks);
  log.info(countVerdicts(checks));
  return result;
}

/** What is known of the items. The inputs have been checked, and no command runs. */
function itemChecks({ items }: StepContext["inputs"]): readonly Check[] {
  if (items === undefined) return [];
  const { source, batch } = items;
  if (source.kind === "command")
    return [
      skippedCheck("items", "not known: their command runs in the first task, and a check runs nothing"),
    ];
  const { length } = source.items;
  const batches = batch === 1 ? "" : batch === "auto" ? ", in batches" : `, ${batch} at a time`;
  return [passedCheck("items", `${length} ${length === 1 ? "item" : "items"}${batches}`)];
}

async function makeChecks(step: StepContext, env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const { inputs, aws, clock } = step;
  const identity = await lookAt(aws.iam.identifyCaller());
  const { roleToAssume } = inputs;
  const credentials = checkCaller(identity);
  const areRefused = credentials.verdict === "NG";
  const life = credentialLife({
    ...{ roleToAssume, times: jobTimes(inputs), env, now: clock.now() },
    areRefused,
  });
  const first = [credentials, life];
  if (areRefused) return [...first, THE_REST];
  const caller = "value" in identity ? principalOf(identity.value, roleToAssume) : undefined;
  const account = "value" in identity ? parseArn(identity.value)?.account : undefined;

  const look = await lookAt(aws.ecs.describeCluster(clusterOf(inputs)));
  const cluster = "value" in look ? look.value : undefined;
  const found =
    "failure" in look
      ? unansweredCheck("cluster", look.failure)
      : passedCheck("cluster", `'${clusterName(look.value.arn)}' is ${look.value.status}`);
  const arn = cluster?.arn ?? clusterArn(clusterOf(inputs), { region: inputs.region, account });
  const staging = await bucketChecks(step, arn, caller);
  if (found.verdict === "NG") return [...first, found, ...staging, THE_REST];
  const ofTarget = await targetChecks(step, { arn, cluster }, caller);
  const ofDeployment = await checkHooks(inputs, { ecs: aws.ecs, now: clock.now() });
  return [...first, found, ...doubtInput("cluster", look, [...ofTarget, ...ofDeployment]), ...staging];
}

/** What is known of the cluster. */
interface ClusterFacts {
  readonly arn: string | undefined;
  /** Undefined when it may not be described. */
  readonly cluster: Cluster | undefined;
}

/** The checks of the container, of its task and of what its session needs. */
async function targetChecks(
  step: StepContext,
  { arn, cluster: described }: ClusterFacts,
  caller: Principal | undefined,
): Promise<readonly Check[]> {
  const { inputs, aws } = step;
  const { subject, checks } = await findSubject(step);
  if (subject === undefined) return [...checks, THE_REST];
  const { task, start } = subject;
  const cluster = task?.clusterArn ?? arn;
  const exec = described?.exec;
  const network =
    start === undefined
      ? await findNetworkOfInterface(task?.networkInterfaceId, aws.ec2)
      : await findNetworkOfStart(start, aws.ec2);
  const [roles, ways, logs, rights] = await Promise.all([
    checkRole(subject, cluster, { iam: aws.iam, exec, wanted: inputs.logs }),
    checkNetwork(network, aws.ec2, {
      ways: waysOf({ ...subject, isNew: start !== undefined }, inputs),
      address: start === undefined ? task && addressOfTask(task) : addressOfStart(start),
    }),
    logChecks(step, subject, exec),
    checkCallerRights({ ...subject, clusterArn: cluster, inputs }, caller, aws.iam),
  ]);
  return [
    ...checks,
    ...(start === undefined ? [] : checkLaunch({ ...subject, start, cluster: described })),
    ...checkContainer(subject),
    checkArchitecture(subject),
    ...roles,
    ...ways,
    ...logs,
    ...rights,
  ];
}

async function logChecks(
  { inputs, aws }: StepContext,
  { definition, container }: Subject,
  exec: ExecConfiguration | undefined,
): Promise<readonly Check[]> {
  if (exec === undefined) return [];
  const own = definition?.containers.find(({ name }) => name === container)?.awslogs;
  return await checkSessionLog({ exec, own, wanted: inputs.logs, region: inputs.region }, aws);
}

async function bucketChecks(
  { inputs, aws }: StepContext,
  cluster: string | undefined,
  caller: Principal | undefined,
): Promise<readonly Check[]> {
  const { region, bucket, prefix, kmsKeyId } = inputs;
  if (bucket === undefined) return [];
  const named = { bucket, owner: bucketOwner(inputs, cluster) };
  return await checkStaging({ bucket: named, prefix, kmsKeyId, region }, caller, cluster, aws);
}

function countVerdicts(checks: readonly Check[]): string {
  const count = (wanted: Check["verdict"]): number =>
    checks.filter(({ verdict }) => verdict === wanted).length;
  return `${checks.length} checks: ${count("OK")} OK, ${count("NG")} NG, ${count("SKIP")} SKIP.`;
}
