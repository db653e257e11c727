/** An object of the folder: a piece by its number, or the heartbeat. */
export type ObjectToRead = number | "alive";

/** What a read has found. */
export type ReadAnswer =
  | { readonly kind: "found"; readonly bytes: Uint8Array }
  | { readonly kind: "missing" }
  /** S3 denies the read. Without s3:ListBucket that is also its answer for an object that does not exist. */
  | { readonly kind: "denied"; readonly why: string }
  /** S3 did not answer, or with an error. */
  | { readonly kind: "failed"; readonly why: string };

/** Why the pieces can't carry the output any more. `seen` is a clause, as in "piece 7 is missing, and later ones are there". */
export interface Stall {
  readonly reason: "silent" | "denied" | "unreachable" | "forged" | "hole" | "excess";
  readonly seen: string;
}

export type PieceEvent =
  /** The first authentic object: S3 works in this container. */
  | { readonly kind: "proven" }
  | { readonly kind: "bytes"; readonly begin: number; readonly bytes: Buffer }
  /** The last piece. `length` is that of the spool, all of which has been passed on before. */
  | { readonly kind: "end"; readonly length: number; readonly text: string }
  /** After `finish`: every piece that was uploaded has been passed on, and none of them is the last one. */
  | { readonly kind: "exhausted" }
  | ({ readonly kind: "stalled" } & Stall);
