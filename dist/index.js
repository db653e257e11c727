import { setFlagsFromString } from "node:v8";
import { run } from "./action.js";
// V8 grows the space for new objects while output streams, by tens of megabytes for a few gigabytes, and never
// shrinks it. Few objects of this process live long, so a small space is as fast.
setFlagsFromString("--semi-space-growth-factor=1");
await run();
