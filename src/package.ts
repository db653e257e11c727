/** The entry of the npm package's bundle. It has two doors: module.ts exports the engine's functions, bin.ts calls `main`. */
export { main } from "./cli/main.ts";
export { runOnFargate, showOnFargate } from "./run-on-fargate.ts";
