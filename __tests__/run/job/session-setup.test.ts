import type { ExecConfiguration } from "../../../src/aws/ecs.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import type { PieceUse } from "../../../src/carriers/upload-orders.ts";
import { makeSessionSetup } from "../../../src/run/job/session-setup.ts";
import { anExecConfiguration, anInputs } from "../../helpers/runs.ts";

const DEFAULT = anExecConfiguration();
const OVERRIDE = anExecConfiguration({ logging: "OVERRIDE", cloudWatchLogGroup: "/ecs/exec" });
const SOME = 256 * 1024;

it.each<[Inputs["logs"], string, ExecConfiguration | undefined, number | undefined]>([
  ["auto", "without a configuration", DEFAULT, SOME],
  ["auto", "that may not be described", undefined, SOME],
  ["auto", "that asks for session logs", OVERRIDE, undefined],
  ["auto", "that asks for logs nowhere", { ...DEFAULT, logging: "OVERRIDE" }, SOME],
  ["bucket", "without a configuration", DEFAULT, SOME],
  ["cloudwatch", "without a configuration", DEFAULT, SOME],
  ["session", "without a configuration", DEFAULT, undefined],
])("when output is packed with 'logs: %s' on a cluster %s", (logs, _, exec, packAbove) => {
  expect(makeSessionSetup(exec, [], anInputs({ logs })).packAbove).toBe(packAbove);
});

it.each<[string, Partial<Inputs>, ExecConfiguration | undefined, PieceUse]>([
  ["with a bucket", { bucket: "b" }, DEFAULT, "when the job lasts"],
  ["of a cluster that may not be described", { bucket: "b" }, undefined, "when the job lasts"],
  ["without a bucket", {}, DEFAULT, "never"],
  ["of a cluster that asks for its log", { bucket: "b" }, OVERRIDE, "never"],
  ["read from the session alone", { bucket: "b", logs: "session" }, DEFAULT, "never"],
  ["read from CloudWatch", { bucket: "b", logs: "cloudwatch" }, DEFAULT, "never"],
  ["read from a log in S3", { bucket: "b", logs: "s3" }, DEFAULT, "never"],
  ["by S3 whatever the cluster asks for", { bucket: "b", logs: "bucket" }, OVERRIDE, "at once"],
])("S3 carries the output as the inputs and the cluster say: %s", (_, inputs, exec, use) => {
  expect(makeSessionSetup(exec, [], anInputs(inputs)).pieceUse).toBe(use);
});
