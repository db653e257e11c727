import { forward } from "./action.ts";

await forward();
