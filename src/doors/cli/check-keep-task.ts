import { inputText } from "../program/input-text.ts";
import type { RunInputs } from "../program/run-options.ts";
import { UsageError } from "./usage-error.ts";

/** Refuses `--keep-task job`: a command line has no later steps, and nothing that ends after them. */
export function checkKeepTask(inputs: RunInputs): void {
  if (inputText("keep-task", inputs["keep-task"]) !== "job") return;
  throw new UsageError(
    "--keep-task job needs later steps, which a command line does not have. Give --keep-task always, and stop the task by the command that is then shown.",
  );
}
