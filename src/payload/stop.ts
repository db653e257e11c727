import { withoutComments } from "./bootstrap.ts";
import { quote } from "./quote.ts";
import { places, stopSource } from "./source.ts";

/**
 * A command that stops the job of this run, for when no session can tell it to, and takes its directory away. A job
 * whose session is yet to come is waited for, ten seconds; one second where the session is known, for that was ended.
 * It needs no reader: the agent runs a command before anybody has connected to its session, unless the cluster
 * encrypts its sessions.
 */
export function stopCommand(runId: string, { sessionKnown = false } = {}): string {
  const settings = `fx_id=${quote(runId)} fx_tries=${sessionKnown ? 2 : 20}`;
  return `/bin/sh -c ${quote([places(), settings, withoutComments(stopSource())].join("\n"))}`;
}
