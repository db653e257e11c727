/** All that `dist/` bundles: the two doors, index.ts and post.ts, call one of these each. */
export { run } from "./main.ts";
export { finishCleanup } from "./post-main.ts";
