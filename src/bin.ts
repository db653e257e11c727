#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { main } from "./package.ts";

// Standard error is the job's, and the SDK would speak of its own future there.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
// As in index.ts: V8 would keep tens of megabytes more while output streams.
setFlagsFromString("--semi-space-growth-factor=1");
await main(process.argv.slice(2));
