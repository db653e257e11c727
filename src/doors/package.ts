/** The entry of the npm package's bundle. It has two doors: module.ts exports the engine's functions, bin.ts calls `main`. */
import { setMaxListeners } from "node:events";

export { main } from "./cli/main.ts";
export { runOnFargate, showOnFargate } from "./run-on-fargate.ts";

// Node.js 20 warns at the eleventh listener of an AbortSignal, and later versions don't (nodejs/node, lib/internal/abort_controller.js).
// A cancel has one for each wait and each call. Node.js 20 has no setting for signals alone.
if (process.versions.node.startsWith("20.")) setMaxListeners(0);
