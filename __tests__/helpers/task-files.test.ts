import type { ExecuteCommandConfiguration } from "../../local/ecs-shapes.ts";
import { refusal } from "../../local/iam/decide.ts";
import { policyFiles, policyOf } from "../../local/iam/policy-files.ts";
import { taskFiles, taskFilesFor } from "./task-files.ts";

it("every file of the task role has its condition", () => {
  expect([...taskFiles].sort()).toEqual(policyFiles.filter((file) => file.startsWith("task-role")));
});

it.each<[Readonly<Record<string, string>>, ExecuteCommandConfiguration, readonly string[]]>([
  [{ task: "t" }, {}, []],
  [{ task: "t", bucket: "b" }, {}, ["task-role-bucket"]],
  [{ task: "t", bucket: "b", "kms-key-id": "k" }, {}, ["task-role-bucket", "task-role-bucket-kms"]],
  [{ task: "t" }, { kmsKeyId: "k", logging: "NONE" }, ["task-role-kms"]],
  [
    { task: "t" },
    { logging: "OVERRIDE", logConfiguration: { s3BucketName: "logs", s3EncryptionEnabled: true } },
    ["task-role-logs-s3", "task-role-logs-s3-encrypted"],
  ],
])(
  "a task with a step of %j, on a cluster with %j, has the files of its way of use",
  (inputs, settings, files) => {
    expect(taskFilesFor(inputs, settings)).toEqual(["task-role", ...files]);
  },
);

it.each(["task-role-bucket", "bucket-policy"])("a task may read staged scripts alone, by %s", (file) => {
  const [account, bucket] = ["123456789012", "staging"];
  const names = { ...{ account, bucket, prefix: "ci/" }, "task-role": "task", "caller-role": "caller" };
  const [policies, policy] =
    file === "bucket-policy" ? [[], policyOf(file, names)] : [[policyOf(file, names)]];
  const roleArn = `arn:aws:iam::${account}:role/task`;
  const asker = { arn: `arn:aws:sts::${account}:assumed-role/task/1`, roleArn, account, policies };
  const mayRead = (key: string): boolean =>
    refusal({ action: "s3:GetObject", resource: `arn:aws:s3:::${bucket}/${key}`, context: {} }, asker, {
      account,
      policy,
    }) === undefined;
  const keys = ["ci/0123/payload", "ci/0123/control", "ci/0123/0", "ci/queue", "other/0123/payload"];
  expect(keys.filter(mayRead)).toEqual(["ci/0123/payload"]);
});
