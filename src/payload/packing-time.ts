/** How long the container may take to send artifacts, in milliseconds: a reader may be slow, or gone. */
export const PACKING_MS = 600_000;
