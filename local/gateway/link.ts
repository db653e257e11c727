export type Direction = "to-agent" | "to-client";

/** One direction of a session through the gateway. Every frame of that direction passes here. */
export interface Link {
  pass(frame: Uint8Array): void;
}

/** Makes the link of one direction of one session; the link passes frames to `deliver`. */
export type LinkFactory = (direction: Direction, deliver: (frame: Uint8Array) => void) => Link;

export const directLink: LinkFactory = (_direction, deliver) => ({ pass: deliver });
