import { type JobHandle, writeHandle } from "../../src/inputs/handle.ts";

const ACCOUNT = "arn:aws:ecs:eu-west-1:123456789012";
export const HANDLE: JobHandle = {
  cluster: `${ACCOUNT}:cluster/prod`,
  task: `${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`,
  container: "app",
  runtimeId: "0123456789abcdef0123456789abcdef-1",
  run: "0123456789abcdef0123",
  nonce: "0a".repeat(16),
  items: undefined,
  workers: 2,
  until: 1_800_000_000_000,
  shown: 77,
  artifacts: undefined,
  staging: { bucket: "example-ci", prefix: "ci/", bucketOwner: undefined, kmsKeyId: "alias/ci" },
  pieces: undefined,
};
/** The text of the handle. A session carries the output of its job. */
export const HANDLE_TEXT = writeHandle(HANDLE);
