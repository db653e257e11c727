import { setFlagsFromString } from "node:v8";
import { run } from "./action.js";
// While output streams, V8 grows the space for new objects: by tens of megabytes for a few gigabytes of output. It never
// shrinks that space. Few objects of this process live long, so a small space is as fast.
setFlagsFromString("--semi-space-growth-factor=1");
await run();
