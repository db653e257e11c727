import { MOST_AHEAD_BYTES } from "./channel/inbox.ts";
import { SharedMemory } from "../shared-memory.ts";

/** The most that a session keeps of its output until that is read, when it is the only one. */
export const MOST_UNREAD_BYTES = 1024 * 1024;
/** The limit while input is unacknowledged, when the session has to read on. Beyond it the session is lost. */
export const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/** What a session may keep in memory. */
export interface SessionLimits {
  /** How many bytes of memory messages take while an earlier one is missing. */
  readonly ahead: number;
  /** When more output than this waits for its reader, the session stops reading from the gateway. */
  readonly unread: number;
  /** Bounds the output that waits for its readers, of all sessions together. The session that is given up is lost. */
  readonly memory: SharedMemory;
}

/** Those of a session that is the only one. */
export function limitsAlone(): SessionLimits {
  return {
    ahead: MOST_AHEAD_BYTES,
    unread: MOST_UNREAD_BYTES,
    memory: new SharedMemory(MOST_WAITING_BYTES),
  };
}
