import { readFileSync } from "node:fs";

/** The shell and Python of the payload, kept in files of their own so that their own tools can check them. */
export const bootstrapSource = readFileSync(new URL("./bootstrap.sh", import.meta.url), "utf8");
export const loaderSource = readFileSync(new URL("./loader.sh", import.meta.url), "utf8");
export const jobSource = readFileSync(new URL("./job.sh", import.meta.url), "utf8");
export const recorderPy = readFileSync(new URL("./recorder.py", import.meta.url), "utf8");
export const recorderAwk = readFileSync(new URL("./recorder.awk", import.meta.url), "utf8");
