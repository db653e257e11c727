#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { main } from "./package.ts";

// Standard error belongs to the job. The SDK would warn there about the versions of Node that it will stop supporting.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
// For the reason given in action.ts: V8 would otherwise keep tens of megabytes more while output streams.
setFlagsFromString("--semi-space-growth-factor=1");
await main(process.argv.slice(2));
