/** The entry of the npm package's bundle. Its two doors call one function each: module.ts `runOnFargate`, bin.ts `main`. */
export { main } from "./cli/main.ts";
export { runOnFargate } from "./run-on-fargate.ts";
