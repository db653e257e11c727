import { Host } from "../time.ts";
import type { Directory } from "./directory.ts";
import type { Shell } from "./shell.ts";
import { OrderTaker } from "./order-taker.ts";

/** Obeys the lines that the reader types, and ends the session of a reader that is lost. */
export function listen(shell: Shell, directory: Directory): Host {
  const { container } = shell;
  const { time } = container.base;
  const helper = new Host("helper", shell.host);
  const order: string[] = [];
  const items = new OrderTaker(container, directory, helper);
  const obey = async (line: string): Promise<void> => {
    if (line.startsWith("s3 ")) {
      if (directory.settings?.pieces === true) takeOrder(directory, order, line.slice(3));
      return;
    }
    directory.beat.typedAt = time.now;
    if (line.startsWith("items ")) await items.take(line.slice("items ".length));
    else obeyReader(shell, directory, line);
  };
  const next = (): void => {
    void shell.readLine(helper).then(obey).then(next);
  };
  next();
  expectReader(shell, directory, helper);
  return helper;
}

/** Ends the session when no beat has come for too long. An attacher that stays is told by S3, too, that its reader lives. */
function expectReader({ container, host }: Shell, directory: Directory, helper: Host): void {
  const { time } = container.base;
  const silenceMs = directory.settings?.silenceMs ?? 0;
  const began = time.now;
  const expect = (): void => {
    const { typedAt = 0, byS3At = 0 } = directory.beat;
    const last = Math.max(began, typedAt, directory.stays ? byS3At : 0);
    if (time.now - last >= silenceMs) container.endSession(host);
    else time.after(helper, last + silenceMs - time.now, expect);
  };
  expect();
}

function takeOrder(directory: Directory, order: string[], line: string): void {
  if (line.startsWith("job ")) order.length = 0;
  if (line !== ".") order.push(line);
  else {
    directory.order = [...order];
    directory.wake();
  }
}

function obeyReader(shell: Shell, directory: Directory, line: string): void {
  const leaves = directory.settings?.leaves === true;
  const [word, value] = line.split(" ");
  if (word === "taken") directory.isTaken = true;
  else if (word === "here") directory.spool.confirm(Number(value));
  else if (word === "cancel") {
    directory.isCancelled = true;
    if (directory.status === undefined) directory.stop?.("cancelled");
  } else if (word === "left" && leaves) {
    directory.beat.byS3At = shell.now;
    directory.hasLeft = true;
  } else if (word === "away" && leaves) directory.isAway = true;
  else if (word === "detach" && leaves)
    Object.assign(directory, { isDetached: true, isAway: true, hasLeft: true });
  else if (word === "end") shell.container.term();
  directory.wake();
}
