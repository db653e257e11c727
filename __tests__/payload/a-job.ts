import type { Delivery } from "../../src/payload/bootstrap.ts";
import type { JobOptions } from "../../src/payload/job-text.ts";

/** Options of a job whose values have spaces, quotes and an empty variable. */
export const JOB: JobOptions = {
  runId: "0123456789abcdef0123",
  workers: 2,
  timeoutSeconds: 3600,
  hasFence: false,
  waitSeconds: 0,
  pieces: true,
  logToContainer: false,
  detaches: false,
  isHeldForJob: false,
  cuts: [["script", 20]],
  shell: "bash --noprofile --norc -eo pipefail {0}",
  args: ["one argument", "it's"],
  workingDirectory: "/srv/my app",
  mergesStderr: false,
  user: undefined,
  env: { A: "value of A", EMPTY: "", QUOTES: `it's "quoted" $HOME` },
  ownEnv: { CI: "true" },
  clusterName: "demo",
  taskArn: "arn:aws:ecs:eu-west-1:123456789012:task/demo/0123456789abcdef0123456789abcdef",
  container: "app",
  runUrl: "https://github.com/example/demo/actions/runs/1",
};

/** The ways of its payload into the container. */
export const S3: Delivery = {
  ...{ kind: "s3", bucket: "example-ci", key: "fargate-exec/0123/payload", region: "eu-west-1" },
};
export const SESSION: Delivery = { kind: "session" };
