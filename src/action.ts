/**
 * The entry of the bundle. The two doors of `dist/` call one function each: index.ts `run`, post.ts `finishCleanup`.
 */
export { run } from "./main.ts";
export { finishCleanup } from "./post-main.ts";
