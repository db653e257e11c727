import { undoLeftovers } from "./action.js";
await undoLeftovers();
