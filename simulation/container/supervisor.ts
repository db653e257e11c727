import { Host } from "../time.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { Order } from "./order.ts";
import { Uploader } from "./uploader.ts";

/** Before a program that was killed is started anew. */
const AGAIN_MS = 1_000;

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

/** The uploader: it has one order after the other carried out, as long as the job's directory is there. */
export async function runUploader(container: Container, directory: Directory): Promise<void> {
  const host = new Host("supervisor", container.host);
  directory.uploader = host;
  for (;;) {
    while (directory.order === undefined) await directory.news(host, 60_000);
    const order = new Order(directory.order);
    directory.order = undefined;
    await carry(container, directory, host, order);
    if (directory.isGone) return;
  }
}

async function carry(container: Container, directory: Directory, host: Host, order: Order): Promise<void> {
  const { options, base } = container;
  if (options.python === false && options.curl === false) {
    directory.note("Output can't go by S3: the image has neither python3 nor curl.");
    return;
  }
  const carried: Carried = {
    ...{ number: 0, begin: Number(order.one("begin")), fixed: undefined, hasEnded: false, control: 0 },
  };
  for (let isOver = false; !isOver && directory.order === undefined;) {
    const program = new Host("uploader", host);
    directory.uploadProgram = program;
    await base.time.sleep(host, 3 * options.pace);
    const died = new Promise<false>((resolve) => program.whenDead(() => resolve(false)));
    const done = new Uploader(container, directory, program, order, carried).carryOut().then(() => true);
    isOver = await Promise.race([done, died]);
    if (!isOver) await base.time.sleep(host, AGAIN_MS);
  }
}
