import { forward } from "./action.js";
await forward();
