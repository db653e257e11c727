// Imported by its path. The package's entry brings a client of GitHub's whole REST API and a second HTTP library, and
// its `exports` name no smaller part. If a release moves the file, type check and build fail.
import { Context } from "../../node_modules/@actions/github/lib/context.js";

/** The workflow, run and repository of the step, from the runner's variables. */
export const context = new Context();
