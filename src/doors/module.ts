/** What `import … from "fargate-exec"` finds: see docs/cli.md. */
export { runOnFargate, showOnFargate } from "./package.ts";
export type {
  InputValue,
  RunError,
  RunInputs,
  RunLog,
  RunOptions,
  RunResult,
} from "./program/run-options.ts";
