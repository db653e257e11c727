import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";

/** Ends the job, or what is left of it, and removes its directory. */
export function removeJob(container: Container, directory: Directory): void {
  if (directory.isGone) return;
  directory.uploader?.kill();
  if (directory.settings?.isHeldForJob === true && directory.isDetached) container.term();
  directory.job?.kill();
  directory.recorder?.kill();
  container.removeDirectory(directory);
}
