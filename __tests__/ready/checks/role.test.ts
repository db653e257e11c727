import { type Iam, iamCalls } from "../../../src/aws/iam.ts";
import { failureOf } from "../../../src/aws/failures.ts";
import { checkRights, checkRole } from "../../../src/ready/checks/role.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
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
