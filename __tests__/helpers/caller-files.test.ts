import { callerFiles, callerFilesFor } from "./caller-files.ts";
import { policyFiles } from "../../local/iam/policy-files.ts";

it("every file of the workflow's role has its condition", () => {
  expect([...callerFiles].sort()).toEqual(policyFiles.filter((file) => file.startsWith("caller-")));
});

it.each([
  [{ task: "t" }, ["caller-without-bucket"]],
  [{ task: "t", bucket: "b" }, ["caller-bucket"]],
  [{ service: "s", bucket: "b" }, ["caller-service", "caller-protect", "caller-bucket"]],
  [{ service: "s", bucket: "b", protect: "false" }, ["caller-service", "caller-bucket"]],
  [{ task: "t", bucket: "b", protect: "true" }, ["caller-protect", "caller-bucket"]],
  [
    { service: "s", start: "true" },
    [
      "caller-without-bucket",
      "caller-service",
      "caller-service-start",
      "caller-start-task",
      "caller-definitions",
    ],
  ],
  [{ image: "i", bucket: "b" }, ["caller-start-task", "caller-definitions", "caller-bucket"]],
  [{ "task-definition": "f", hold: "false", bucket: "b" }, ["caller-start-task", "caller-bucket"]],
  [
    { "task-definition": "f.json", hold: "false", bucket: "b" },
    ["caller-start-task", "caller-definitions", "caller-bucket"],
  ],
])("a step with %j has the files of its way of use", (inputs, files) => {
  const met = /-(versions|kms|public-ip|image-size|diagnosis|logs-\w+|running-task)$/;
  expect(callerFilesFor(inputs).filter((file) => !met.test(file))).toEqual(files);
});

it("a step that names its log may not read the other one", () => {
  expect(callerFilesFor({ logs: "s3" })).toContain("caller-logs-s3");
  expect(callerFilesFor({ logs: "s3" })).not.toContain("caller-logs-cloudwatch");
});
