// By its path: the package's entry brings a client of all of GitHub's REST API and a second HTTP library, and its
// `exports` name no smaller part. A new release may move the file; then neither the types nor the bundle can be built.
import { Context } from "../../node_modules/@actions/github/lib/context.js";

/** Which workflow, run and repository the step belongs to, from the runner's variables. */
export const context = new Context();
