import { setFlagsFromString } from "node:v8";
import { run } from "./action.js";
// Else V8 lets the space for new objects grow, on a busy machine by tens of megabytes for each few gigabytes of output,
// and gives none of it back. Here little lives long, so a small space is as fast.
setFlagsFromString("--semi-space-growth-factor=1");
await run();
