import { undoLeftovers } from "./post-main.ts";

await undoLeftovers();
