import type { ExecConfiguration } from "../../aws/ecs.ts";
import { type Encryption, encryptionOf } from "../../session/channel/encryption.ts";
import type { PieceUse } from "../../carriers/upload-orders.ts";
import type { SessionLogs } from "../../ready/session-logs.ts";
import { type CarrierInputs, choosePackAbove, choosePieceUse } from "./output-ways.ts";

/** How the cluster treats the sessions of a container. */
export interface SessionSetup {
  readonly encryption: Encryption;
  /** Where the sessions are logged; undefined when that is not known. They may be logged then. */
  readonly logs: SessionLogs | undefined;
  /** Output is packed when more than this many bytes wait; undefined: never. */
  readonly packAbove: number | undefined;
  readonly pieceUse: PieceUse;
}

/** `exec` is the cluster's configuration; undefined when the caller may not describe the cluster. */
export function makeSessionSetup(
  exec: ExecConfiguration | undefined,
  logs: SessionLogs | undefined,
  inputs: CarrierInputs,
): SessionSetup {
  return {
    encryption: encryptionOf(exec),
    logs,
    packAbove: choosePackAbove(inputs, exec),
    pieceUse: choosePieceUse(inputs, exec),
  };
}
