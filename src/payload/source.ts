import { readFileSync } from "node:fs";

/**
 * The shell and Python of the payload, kept in files of their own so that their own tools can check them. Each is named
 * in full: the bundler looks for such names to know what belongs to the bundle.
 */
const oursSource = readFileSync(new URL("./container/ours.sh", import.meta.url), "utf8");
const processSource = readFileSync(new URL("./container/process.sh", import.meta.url), "utf8");
/** What the command of a session runs; its parts are the job's too, as far as they are no more than functions. */
export const bootstrapSource = [
  oursSource,
  processSource,
  readFileSync(new URL("./container/bootstrap.sh", import.meta.url), "utf8"),
].join("\n");
/** Where a job directory may be, in order. */
export const PLACES = /^ *for fx_place in (.+); do$/m.exec(oursSource)?.[1]?.split(" ") ?? [];
const groupSource = readFileSync(new URL("./container/group.sh", import.meta.url), "utf8");
export const loaderSource = readFileSync(new URL("./container/loader.sh", import.meta.url), "utf8");
export const stopSource = [
  oursSource,
  processSource,
  groupSource,
  readFileSync(new URL("./container/stop.sh", import.meta.url), "utf8"),
].join("\n");
/** One file in the container. Its parts can be read one by one, and only the last one does anything. */
export const jobSource = [
  readFileSync(new URL("./container/directory.sh", import.meta.url), "utf8"),
  processSource,
  groupSource,
  readFileSync(new URL("./container/processes.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/header.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/user.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/spool.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/record.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/workers.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/check.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/job.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/send.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/others.sh", import.meta.url), "utf8"),
  readFileSync(new URL("./container/watch.sh", import.meta.url), "utf8"),
].join("\n");
export const recorderPy = readFileSync(new URL("./container/recorder.py", import.meta.url), "utf8");
export const recorderAwk = readFileSync(new URL("./container/recorder.awk", import.meta.url), "utf8");
