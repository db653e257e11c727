import { Host } from "../time.ts";
import type { Directory } from "./directory.ts";
import type { Shell } from "./shell.ts";
import { OrderTaker } from "./order-taker.ts";

/** A reader that has typed nothing for so long is lost, and the session ends. */
const SILENT_MS = 90_000;

/** Obeys the lines that the reader types, and ends the session of a reader that is lost. */
export function listen(shell: Shell, directory: Directory): Host {
  const { container } = shell;
  const { time } = container.base;
  const helper = new Host("helper", shell.host);
  directory.readAt = time.now;
  let heardAt = time.now;
  const order: string[] = [];
  const items = new OrderTaker(container, directory, helper);
  const obey = async (line: string): Promise<void> => {
    if (line.startsWith("s3 ")) {
      if (directory.settings?.pieces === true) takeOrder(directory, order, line.slice(3));
      return;
    }
    heardAt = time.now;
    directory.readAt = time.now;
    if (directory.settings?.fenceMs !== undefined) directory.signedAt = time.now;
    directory.isAskedForSign = false;
    directory.wantsSign = false;
    if (line.startsWith("items ")) await items.take(line.slice("items ".length));
    else obeyReader(shell, directory, line);
  };
  const next = (): void => {
    void shell.readLine(helper).then(obey).then(next);
  };
  next();
  const expect = (): void => {
    time.after(helper, heardAt + SILENT_MS - time.now, () => {
      if (time.now - heardAt >= SILENT_MS) container.endSession(shell.host);
      else expect();
    });
  };
  expect();
  return helper;
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
  } else if (word === "left" && leaves) directory.hasLeft = true;
  else if (word === "away" && leaves) directory.isAway = true;
  else if (word === "detach" && leaves)
    Object.assign(directory, { isDetached: true, isAway: true, hasLeft: true });
  else if (word === "end") shell.container.term();
  directory.wake();
}
