import { attach } from "./action.ts";

await attach();
