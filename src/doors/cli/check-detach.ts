import { inputText } from "../program/input-text.ts";
import type { RunInputs } from "../program/run-options.ts";
import { UsageError } from "./usage-error.ts";

/** Refuses `--detach` without `--outputs-file`: the handle is an output and is never printed, so nobody would get it. */
export function checkDetach(
  { detach }: RunInputs,
  { outputsFile }: { readonly outputsFile?: string | undefined },
): void {
  const asked = inputText("detach", detach);
  if (asked === "" || asked === "false" || outputsFile !== undefined) return;
  throw new UsageError(
    "Give --outputs-file with --detach: that file gets the output 'handle', by which 'fargate-exec attach' follows the script.",
  );
}
