import { finishCleanup } from "./action.ts";

await finishCleanup();
