import { undoLeftovers } from "./action.ts";

await undoLeftovers();
