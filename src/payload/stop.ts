import { doubleQuote, quote } from "./quote.ts";
import { PARENT_DIRECTORIES, shortenSource, stopSource } from "./container-source.ts";

/**
 * A command that stops the job of this run and deletes its directory, when no session can tell the job to stop. The
 * command waits ten seconds for a job that has not started yet, or one second when its session was surely
 * ended. The session of the command needs no client, because the agent runs a command before a client has connected,
 * unless the cluster encrypts its sessions.
 */
export function stopCommand(runId: string, { sessionEnded = false } = {}): string {
  const script = [
    `fx_id=${quote(runId)} fx_tries=${sessionEnded ? 2 : 20}`,
    `fx_dirs=${doubleQuote(PARENT_DIRECTORIES.join(" "))}`,
    shortenSource(stopSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}
