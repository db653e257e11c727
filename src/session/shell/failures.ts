import { Failure } from "../../errors.ts";

/** The relay of the shell is lost, and the shell with it. `seen` may come from the container. */
export function shellLost(seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: "The shell is lost.",
    seen: `${seen}.`,
    advice: "Open another one. What the shell had running has got SIGHUP.",
    cause,
  });
}

/** The terminal of the session was the shell's, and the session has ended before the shell. */
export function endedWithSession(seen: string): Failure {
  return new Failure("session-lost", {
    failed: "The shell has ended with its session.",
    seen: `${seen}.`,
    advice:
      "Open another one. A shell goes on after a cut where the image has a python3 that only root can replace, and where the cluster does not log its sessions ('logging' OVERRIDE).",
  });
}

/** The container has nothing that turns its terminal's echo off. */
export function echoStays(): Failure {
  return new Failure("container-refused", {
    failed: "The container can't open a shell: it has neither python3 nor stty.",
    seen: "What is typed for the shell, such as the secrets, would be shown, and be in the log of the session.",
    advice: "Add coreutils or busybox to the image, or use 'aws ecs execute-command'.",
  });
}
