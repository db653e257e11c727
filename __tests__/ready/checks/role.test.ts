import { type Iam, iamCalls } from "../../../src/aws/iam.ts";
import { failureOf } from "../../../src/aws/failures.ts";
import { checkRights, checkRole } from "../../../src/ready/checks/role.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { anExecConfiguration } from "../../helpers/runs.ts";
import { aDefinition, CLUSTER } from "../../helpers/tasks.ts";

/** An IAM that answers every question with this error. */
function failingIam(error: Error): Pick<Iam, "listDenied"> {
  const call = {
    service: "iam",
    action: "iam:SimulatePrincipalPolicy",
    resource: "it",
    region: "x",
  } as const;
  return iamCalls(() => Promise.reject(failureOf(error, call)));
}

const missing = Object.assign(new Error("The role with name nobody cannot be found."), {
  name: "NoSuchEntity",
  $metadata: { httpStatusCode: 404 },
});

const facts = {
  ...{ task: undefined, container: "app", definition: aDefinition() },
  start: startInputs({ taskRole: "nobody" }),
};

it("finds fault with a task role that IAM doesn't know, and says what to do", async () => {
  expect(await checkRole(facts, CLUSTER, { iam: failingIam(missing), exec: undefined })).toEqual([
    {
      ...{ name: "rights to ssmmessages", verdict: "NG" },
      seen: "there is no role arn:aws:iam::123456789012:role/nobody",
      fix: expect.stringContaining("'task-role'") as string,
    },
  ]);
});

it("skips a task role when IAM says nothing of it, and a caller whose ARN may lack the path", async () => {
  const iam = failingIam(Object.assign(new Error("Busy."), { name: "ServiceFailure" }));
  expect(await checkRole(facts, CLUSTER, { iam, exec: undefined })).toMatchObject([{ verdict: "SKIP" }]);
  const caller = { arn: "arn:aws:iam::123456789012:role/ci", words: "the caller" };
  const rights = { name: "right to it", actions: ["ecs:RunTask"], resources: ["*"] };
  expect(await checkRights(caller, rights, failingIam(missing))).toMatchObject({ verdict: "SKIP" });
});

describe("with logging DEFAULT", () => {
  const definition = aDefinition([
    {
      name: "app",
      awslogs: { group: "/ecs/app", region: undefined, streamPrefix: undefined, createsGroup: false },
    },
  ]);
  const own = {
    ...{ task: undefined, container: "app", start: startInputs() },
    definition: { ...definition, taskRoleArn: "arn:aws:iam::123456789012:role/task" },
  };
  const exec = anExecConfiguration({ logging: "DEFAULT" });
  const iam = (denied: readonly string[]) => ({
    listDenied: (_: string, actions: readonly string[], resources: readonly string[]) =>
      Promise.resolve(
        resources.some((one) => one.includes(":log-group:/ecs/app:"))
          ? denied.filter((one) => actions.includes(one))
          : [],
      ),
  });
  const row = async (denied: readonly string[], wanted: "auto" | "cloudwatch") =>
    (await checkRole(own, CLUSTER, { iam: iam(denied), exec, wanted })).find(
      ({ name }) => name === "rights to the log group",
    );

  it("looks for the rights to the container's own log, without which a run goes on", async () => {
    expect(await row([], "auto")).toMatchObject({
      verdict: "OK",
      seen: expect.stringContaining("allows logs:") as string,
    });
    expect(await row(["logs:PutLogEvents"], "auto")).toMatchObject({
      verdict: "OK",
      seen: expect.stringMatching(
        /lacks logs:PutLogEvents, and a run goes on without: .*no 'log-url'/,
      ) as string,
    });
  });

  it("demands them when the input 'logs' names that log", async () => {
    expect(await row(["logs:PutLogEvents"], "cloudwatch")).toMatchObject({
      verdict: "NG",
      lacks: ["logs:PutLogEvents"],
    });
  });
});
