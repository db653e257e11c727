import type { ExecuteCommandConfiguration } from "../../local/ecs/shapes.ts";
import { policyFiles } from "../../local/iam/policy-files.ts";
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
