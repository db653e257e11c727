import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { sessionSetup } from "../../src/job/session-setup.ts";

const DEFAULT: ExecConfiguration = {
  logging: "DEFAULT",
  kmsKeyId: undefined,
  cloudWatchLogGroup: undefined,
  cloudWatchEncryption: false,
  s3Bucket: undefined,
  s3Prefix: undefined,
  s3Encryption: false,
};
const OVERRIDE: ExecConfiguration = { ...DEFAULT, logging: "OVERRIDE", cloudWatchLogGroup: "/ecs/exec" };
const SOME = 256 * 1024;

it.each<[Inputs["transport"], string, ExecConfiguration | undefined, number | undefined]>([
  ["auto", "without a configuration", DEFAULT, SOME],
  ["auto", "that may not be described", undefined, SOME],
  ["auto", "that asks for session logs", OVERRIDE, undefined],
  ["auto", "that asks for logs nowhere", { ...DEFAULT, logging: "OVERRIDE" }, SOME],
  ["plain", "without a configuration", DEFAULT, undefined],
  ["packed", "that asks for session logs", OVERRIDE, 0],
])("with 'transport: %s' output is packed accordingly on a cluster %s", (transport, _, exec, packAbove) => {
  expect(sessionSetup(exec, [], { transport }).packAbove).toBe(packAbove);
});
