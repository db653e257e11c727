import { attach } from "./action.js";
await attach();
