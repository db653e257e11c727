/** A piece is fixed before it goes to S3 for the first time. */
interface Piece {
  readonly object: Buffer;
  readonly end: number;
  readonly isEnd: boolean;
}

/** How far an order was carried out. It outlives the program that does that. */
export interface Carried {
  /** The number of the next piece, and the byte at which it begins. */
  number: number;
  begin: number;
  fixed: Piece | undefined;
  hasEnded: boolean;
  /** The number of the newest `control`. */
  control: number;
}
