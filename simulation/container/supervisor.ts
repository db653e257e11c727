import { Host } from "../time.ts";
import type { Carried } from "./carried.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { Order } from "./order.ts";
import { OrderTaker } from "./order-taker.ts";
import { Uploader } from "./uploader.ts";

/** Before a program that was killed is started anew. */
const AGAIN_MS = 1_000;

/** The uploader: it has one order after the other carried out, as long as the job's directory is there. */
export async function runUploader(container: Container, directory: Directory): Promise<void> {
  const host = new Host("supervisor", container.host);
  directory.uploader = host;
  const items = new OrderTaker(container, directory, host);
  for (;;) {
    while (directory.order === undefined) await directory.news(host, 60_000);
    const order = new Order(directory.order);
    directory.order = undefined;
    await carry(container, directory, { host, order, items });
    if (directory.isGone) return;
  }
}

async function carry(
  container: Container,
  directory: Directory,
  { host, order, items }: { readonly host: Host; readonly order: Order; readonly items: OrderTaker },
): Promise<void> {
  const { options, base } = container;
  if (options.python === false && options.curl === false) {
    directory.note("Output can't go by S3: the image has neither python3 nor curl.");
    return;
  }
  const carried: Carried = {
    ...{ number: 0, begin: Number(order.one("begin")), fixed: undefined, hasEnded: false, control: 0 },
  };
  directory.carrying = { order, carried };
  for (let isOver = false; !isOver && directory.order === undefined;) {
    const program = new Host("uploader", host);
    directory.uploadProgram = program;
    await base.time.sleep(host, 3 * options.pace);
    const died = new Promise<false>((resolve) => program.whenDead(() => resolve(false)));
    const done = new Uploader(container, directory, { host: program, order, carried, items })
      .carryOut()
      .then(() => true);
    isOver = await Promise.race([done, died]);
    if (!isOver) await base.time.sleep(host, AGAIN_MS);
  }
  directory.carrying = undefined;
}
