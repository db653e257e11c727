import { gzipSync } from "node:zlib";
import { Host } from "../time.ts";
import type { Directory } from "./directory.ts";
import { prepareJob, type PreparedJob } from "./job.ts";
import { removeJob } from "./remove-job.ts";
import { awaitOthers, isRead } from "./others.ts";
import type { Shell } from "./shell.ts";
import { type Opening, takeOpening } from "./opening.ts";
import { assigned, unescaped } from "./shell-words.ts";

/** A reader that has typed nothing for so long is lost, and the session ends. */
const SILENT_MS = 90_000;
/** An attacher says at least so often where it is. */
const QUIET_MS = 30_000;
/** The attacher learns within a second that the job was killed. */
const LOOK_MS = 1_000;
/** How long the attacher waits for `taken`. */
const TAKEN_MS = 5_000;
/** The most bytes of one part of the spool. */
const PACKED_BYTES = 1_048_576;
const PLAIN_BYTES = 262_144;
/** After so many bytes without a mark the attacher says where it is. */
const UNMARKED_BYTES = 1_048_576;
/** How long PID 1 has to reap a process that it has adopted. */
const REAPED_MS = 100;
const NOT_REAPED_MS = 5_000;

export interface Attachment {
  readonly at: number;
  readonly head: number;
  readonly isNew: boolean;
  readonly isNewReader: boolean;
  readonly opening: Opening;
}

/** What a bootstrap becomes once there is a job: it starts the job, copies the spool to the terminal, and obeys the reader. */
export async function attach(
  shell: Shell,
  directory: Directory,
  { at, head, isNew, isNewReader, opening }: Attachment,
): Promise<void> {
  const { container, host } = shell;
  await shell.work();
  const prepared = directory.hasStarted || head === 0 ? undefined : prepareJob(container, directory);
  host.whenDead(() => prepared?.drop());
  if (!opening.wasTyped) takeOpening(shell, opening, await shell.readLine());
  if (isNew && !opening.wasTyped) await shell.mark("n Script fetched by boto3.");
  const secrets = unescaped((await shell.readToDot()).join("")).toString("utf8");
  if (isNewReader && !(await awaitLastReader(shell, directory))) return;
  container.endSession(directory.attacher === host ? undefined : directory.attacher);
  directory.attacher = host;
  if (directory.settings?.fenceMs !== undefined) directory.signedAt ??= shell.now;
  Object.assign(directory, { hasLeft: false, stays: false, isAway: false });
  const helper = listen(shell, directory);
  if (prepared !== undefined && !(await begin(shell, directory, prepared, secrets))) {
    helper.kill();
    return;
  }
  const last = await show(shell, directory, {
    at,
    packAbove: opening.packAbove,
    isNewReader,
    mayStart: prepared !== undefined,
  });
  if (last !== "left") await awaitTaken(shell, directory);
  else if (await leave(shell, directory, { isParent: prepared !== undefined })) {
    helper.kill();
    return;
  }
  helper.kill();
  if (!directory.isTaken && !directory.isGone) {
    // The agent may be paused and would keep the session.
    container.endSession(host);
    return;
  }
  removeJob(container, directory);
}

/** Hands the secrets to the job, after a wait for other runs. False when the job is not to start. */
async function begin(
  shell: Shell,
  directory: Directory,
  prepared: PreparedJob,
  secrets: string,
): Promise<boolean> {
  if ((directory.settings?.waitMs ?? 0) > 0 && !(await awaitOthers(shell, directory))) {
    prepared.drop();
    shell.container.removeDirectory(directory);
    return false;
  }
  prepared.start(assigned(secrets, "fx_whole") === "1" ? secrets : undefined);
  return true;
}

/** Obeys the lines that the reader types, and ends the session of a reader that is lost. */
function listen(shell: Shell, directory: Directory): Host {
  const { container } = shell;
  const { time } = container.base;
  const helper = new Host("helper", shell.host);
  directory.readAt = time.now;
  let heardAt = time.now;
  const order: string[] = [];
  const obey = (line: string): void => {
    if (line.startsWith("s3 ")) {
      if (directory.settings?.pieces === true) takeOrder(directory, order, line.slice(3));
      return;
    }
    heardAt = time.now;
    directory.readAt = time.now;
    if (directory.settings?.fenceMs !== undefined) directory.signedAt = time.now;
    directory.isAskedForSign = false;
    directory.wantsSign = false;
    obeyReader(shell, directory, line);
  };
  const next = (): void => {
    void shell.readLine(helper).then((line) => {
      obey(line);
      next();
    });
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
  else if (word === "here") directory.spool.confirm(Number(value), PACKED_BYTES);
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

/** Sends the spool from byte `at` on, then the last mark. Returns that mark, or `left`. */
async function show(
  shell: Shell,
  directory: Directory,
  options: {
    at: number;
    readonly packAbove: number | undefined;
    readonly isNewReader: boolean;
    readonly mayStart: boolean;
  },
): Promise<string> {
  const { spool } = directory;
  if (options.isNewReader) options.at = Math.max(options.at, spool.begin);
  await shell.mark(`@${options.at}`);
  await shell.write("\n");
  let saidAt = shell.now;
  let unmarked = 0;
  const tell = async (): Promise<void> => {
    await shell.mark(`~ ${options.at}`);
    saidAt = shell.now;
    unmarked = 0;
  };
  for (;;) {
    // The status is looked at before the size: all that was printed before it is then sent.
    const { status } = directory;
    await tellNotes(shell, directory);
    if (directory.wantsSign) {
      directory.wantsSign = false;
      directory.isAskedForSign = true;
      await shell.mark("?");
    }
    let last: string | undefined;
    if (directory.hasLeft) {
      await tell();
      return "left";
    }
    if (options.at < spool.begin)
      last = `! gone the output from byte ${options.at} on has been confirmed, and so it was removed`;
    else if (spool.end > options.at) {
      const length = await send(shell, directory, options);
      unmarked += length.unmarked;
      options.at += length.sent;
      if (unmarked >= UNMARKED_BYTES) await tell();
    } else if (status !== undefined) last = `. ${options.at} ${status}`;
    else {
      last = whyLost(directory, options.mayStart);
      if (last === undefined) {
        await directory.news(shell.host, LOOK_MS);
        if (shell.now - saidAt >= QUIET_MS) await tell();
      }
    }
    if (last !== undefined) {
      await shell.mark(last);
      await shell.write("\n");
      return last;
    }
  }
}

/** Sends one part of the spool. */
async function send(
  shell: Shell,
  { spool }: Directory,
  { at, packAbove }: { readonly at: number; readonly packAbove: number | undefined },
): Promise<{ readonly sent: number; readonly unmarked: number }> {
  const waiting = spool.end - at;
  if (packAbove === undefined || waiting <= packAbove) {
    const bytes = spool.read(at, Math.min(waiting, PLAIN_BYTES));
    await shell.write(bytes);
    return { sent: bytes.length, unmarked: bytes.length };
  }
  const bytes = spool.read(at, Math.min(waiting, PACKED_BYTES));
  await shell.mark(`# ${at} ${bytes.length}`);
  await shell.work();
  await shell.write(
    gzipSync(bytes)
      .toString("base64")
      .replaceAll(/.{1,76}/g, "$&\n"),
  );
  await shell.mark("%");
  return { sent: bytes.length, unmarked: 0 };
}

async function tellNotes(shell: Shell, directory: Directory): Promise<void> {
  for (const note of directory.notes.splice(0)) await shell.mark(`n ${note}`);
}

/** Why the end of the job will never be known; undefined while it may be. */
function whyLost(directory: Directory, mayStart: boolean): string | undefined {
  if (directory.isGone) return "! gone the directory of the job was removed while it ran";
  if (directory.job?.isDead === true && directory.status === undefined)
    return "! lost the job was killed, and its exit status with it";
  if (mayStart && !directory.hasStarted && directory.job === undefined)
    return "! start the job has not started";
  return undefined;
}

async function awaitTaken(shell: Shell, directory: Directory): Promise<void> {
  const until = shell.now + TAKEN_MS;
  while (!directory.isTaken && !directory.isGone && shell.now < until)
    await directory.news(shell.host, Math.min(LOOK_MS, until - shell.now));
}

/** The reader has left. True when the attacher may leave, too, before the job's end was taken. */
async function leave(
  shell: Shell,
  directory: Directory,
  { isParent }: { readonly isParent: boolean },
): Promise<boolean> {
  const { options } = shell.container;
  if (isParent && !directory.isDetached) {
    await shell.sleep(options.reaps ? REAPED_MS : NOT_REAPED_MS);
    if (!options.reaps) {
      directory.stays = true;
      await shell.mark(
        "n The session stays open, though S3 carries the output: PID 1 of this container reaps no process.",
      );
      while (!directory.isTaken && !directory.isGone && !directory.isAway) {
        await tellNotes(shell, directory);
        await directory.news(shell.host, LOOK_MS);
      }
      if (!directory.isAway) return false;
    }
  }
  directory.attacher = undefined;
  Object.assign(directory, { hasLeft: false, stays: false, isAway: false });
  return true;
}

/** Waits for a sign of the step that follows the job by its session. False when there is one. */
async function awaitLastReader(shell: Shell, directory: Directory): Promise<boolean> {
  for (let tries = 45; isRead(directory, shell.now); tries -= 1) {
    if (tries === 45) {
      await shell.mark(
        "n Another step follows the job by its session. Waiting for a sign of it, 45 s at most.",
      );
      directory.wantsSign = true;
      directory.wake();
    } else if (tries === 0 || (!directory.wantsSign && !directory.isAskedForSign)) {
      await shell.mark("! followed another step follows the job by its session");
      return false;
    }
    await shell.sleep(1_000);
  }
  directory.readAt = shell.now;
  return true;
}
