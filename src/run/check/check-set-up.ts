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

/** Checks what a run with these inputs needs, and shows each check as soon as it is made. Starts, registers and writes nothing. */
export async function checkSetUp(step: StepContext, env: NodeJS.ProcessEnv): Promise<CheckResult> {
  const { log, reader } = step;
  const hasScript = step.inputs.script.kind !== "none";
  log.phase();
  log.info(`What a run needs${hasScript ? " ('check' is true, so the script is not run)" : ""}:`);
  const checks: Check[] = [];
  for await (const rows of makeChecks(step, env)) {
    for (const row of rows) log.info(checkLine(row, reader));
    checks.push(...rows);
  }
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

/** The checks in the order in which they are shown. Those that are made at once come together. */
async function* makeChecks(step: StepContext, env: NodeJS.ProcessEnv): AsyncGenerator<readonly Check[]> {
  yield* awsChecks(step, env);
  yield itemChecks(step.inputs);
}

async function* awsChecks(step: StepContext, env: NodeJS.ProcessEnv): AsyncGenerator<readonly Check[]> {
  const { inputs, aws, clock } = step;
  const identity = await lookAt(aws.iam.identifyCaller());
  const { roleToAssume } = inputs;
  const credentials = checkCaller(identity);
  const areRefused = credentials.verdict === "NG";
  const life = credentialLife({
    ...{ roleToAssume, times: jobTimes(inputs), env, now: clock.now() },
    areRefused,
  });
  yield [credentials, life];
  if (areRefused) {
    yield [THE_REST];
    return;
  }
  const caller = "value" in identity ? principalOf(identity.value, roleToAssume) : undefined;
  const account = "value" in identity ? parseArn(identity.value)?.account : undefined;

  const look = await lookAt(aws.ecs.describeCluster(clusterOf(inputs)));
  const cluster = "value" in look ? look.value : undefined;
  const found =
    "failure" in look
      ? unansweredCheck("cluster", look.failure)
      : passedCheck("cluster", `'${clusterName(look.value.arn)}' is ${look.value.status}`);
  yield [found];
  const arn = cluster?.arn ?? clusterArn(clusterOf(inputs), { region: inputs.region, account });
  if (found.verdict !== "NG") {
    yield doubtInput("cluster", look, await targetChecks(step, { arn, cluster }, caller));
    yield doubtInput("cluster", look, await checkHooks(inputs, { ecs: aws.ecs, now: clock.now() }));
  }
  yield await bucketChecks(step, arn, caller);
  if (found.verdict === "NG") yield [THE_REST];
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
