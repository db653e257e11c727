export type Direction = "to-agent" | "to-client";

/** One direction of a session's way through the gateway: the one place where each frame passes. */
export interface Link {
  pass(frame: Uint8Array): void;
}

/** Makes the link of one direction of one session; `deliver` is its far end. */
export type MakeLink = (direction: Direction, deliver: (frame: Uint8Array) => void) => Link;

export const directLink: MakeLink = (_direction, deliver) => ({ pass: deliver });
