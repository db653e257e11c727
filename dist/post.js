import { finishCleanup } from "./action.js";
await finishCleanup();
