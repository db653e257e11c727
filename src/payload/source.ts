import { readFileSync } from "node:fs";

/**
 * The shell and Python of the payload, kept in files of their own so that their own tools can check them. Each is named
 * in full: the bundler looks for such names to know what belongs to the bundle.
 */
export const bootstrapSource = readFileSync(new URL("./bootstrap.sh", import.meta.url), "utf8");
export const loaderSource = readFileSync(new URL("./loader.sh", import.meta.url), "utf8");
export const stopSource = readFileSync(new URL("./stop.sh", import.meta.url), "utf8");
/** One file in the container. Its parts can be read one by one, and only the last one does anything. */
export const jobSource = [
  readFileSync(new URL("./directory.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./processes.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./header.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./user.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./record.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./workers.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./job.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./send.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./watch.sh", import.meta.url), "utf8"),
].join("\n");
export const recorderPy = readFileSync(new URL("./recorder.py", import.meta.url), "utf8");
export const recorderAwk = readFileSync(new URL("./recorder.awk", import.meta.url), "utf8");
