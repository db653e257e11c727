/**
 * Preloaded into a process (`node --import`): every few seconds it collects all garbage, and writes what the process keeps as a line of JSON behind those in
 * the file that SOAK_MEMORY names. A process's own memory tells that badly: V8 lets garbage lie as long as its heap may grow.
 */
import { appendFileSync } from "node:fs";
import { heldBytes } from "../../__tests__/helpers/memory.ts";
import type { MemorySample } from "./cost.ts";

const EVERY_MS = 3_000;
const MEBIBYTE = 1024 * 1024;
const file = process.env["SOAK_MEMORY"];

if (file !== undefined)
  setInterval(() => {
    const kept = heldBytes() / MEBIBYTE;
    const sample: MemorySample = { pid: process.pid, kept, whole: process.memoryUsage.rss() / MEBIBYTE };
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
  }, EVERY_MS).unref();
