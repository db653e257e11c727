import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { sessionSetup } from "../../src/job/session-setup.ts";
import { anExecConfiguration } from "../helpers/runs.ts";

const DEFAULT = anExecConfiguration();
const OVERRIDE = anExecConfiguration({ logging: "OVERRIDE", cloudWatchLogGroup: "/ecs/exec" });
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
