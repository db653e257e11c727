import { undoLeftovers } from "./leftovers.ts";

await undoLeftovers();
