import { gzipSync } from "node:zlib";
import type { Directory } from "./directory.ts";
import { prepareJob, type PreparedJob } from "./job.ts";
import { removeJob } from "./remove-job.ts";
import { Holds } from "./holds.ts";
import { awaitLastReader, leave } from "./leave.ts";
import { awaitOthers } from "./others.ts";
import { endOrphans } from "./orphans.ts";
import { listen } from "./reader.ts";
import type { Shell } from "./shell.ts";
import { type Opening, takeOpening } from "./opening.ts";
import { assigned, unescaped } from "./shell-words.ts";

/** An attacher says at least so often where it is. */
const QUIET_MS = 30_000;
/** The attacher learns within a second that the job was killed. */
const LOOK_MS = 1_000;
/** How long the attacher waits for `taken`. */
const TAKEN_MS = 5_000;
/** What a reader is given to read why there is no job. */
const READ_MS = 2_000;

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
  directory.beat.typedAt ??= shell.began;
  Object.assign(directory, { hasLeft: false, stays: false, isAway: false });
  const helper = listen(shell, directory);
  if (prepared !== undefined && !(await begin(shell, directory, prepared, secrets))) {
    helper.kill();
    return;
  }
  const last = await show(shell, directory, {
    at,
    packAbove: opening.packAbove,
    part: opening.part,
    isNewReader,
    mayStart: prepared !== undefined,
  });
  if (last !== "left") await awaitTaken(shell, directory);
  else {
    const end = await leave(shell, directory, { isParent: prepared !== undefined });
    if (end !== "stays") {
      helper.kill();
      // The job has heard by S3 that its end was taken while the attacher was about to leave: it removes its directory itself.
      if (directory.isTakenByS3) removeJob(container, directory);
      if (end === "away") container.endSession(host);
      return;
    }
  }
  helper.kill();
  if (!directory.isTaken && !directory.isGone) {
    // The agent may be paused and would keep the session.
    container.endSession(host);
    return;
  }
  const isUntaken = !directory.isTaken || (last !== "left" && directory.isTakenByS3);
  removeJob(container, directory);
  if (isUntaken) await shell.sleep(READ_MS);
  if (last === "left" || isUntaken) container.endSession(host);
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

/** Sends the spool from byte `at` on, then the last mark. Returns that mark, or `left`. */
async function show(
  shell: Shell,
  directory: Directory,
  options: {
    at: number;
    readonly packAbove: number | undefined;
    readonly part: number;
    readonly isNewReader: boolean;
    readonly mayStart: boolean;
  },
): Promise<string> {
  const { spool } = directory;
  if (options.isNewReader) options.at = Math.max(options.at, spool.begin);
  await shell.mark(`@${options.at}`);
  await shell.write("\n");
  const holds = new Holds();
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
    await holds.tell(shell, directory.spool.isHeld);
    await shell.tellNotes(directory);
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
      if (unmarked >= options.part) await tell();
    } else if (status !== undefined) last = `. ${options.at} ${status}`;
    else {
      last = await whyLost(shell, directory, options.mayStart);
      if (last === undefined) {
        await directory.news(shell.host, LOOK_MS);
        if (shell.now - saidAt >= QUIET_MS) await tell();
      }
    }
    if (last !== undefined) {
      await holds.conclude(shell);
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
  {
    at,
    packAbove,
    part,
  }: { readonly at: number; readonly packAbove: number | undefined; readonly part: number },
): Promise<{ readonly sent: number; readonly unmarked: number }> {
  const waiting = spool.end - at;
  if (packAbove === undefined || waiting <= packAbove) {
    const bytes = spool.read(at, Math.min(waiting, Math.floor(part / 4)));
    await shell.write(bytes);
    return { sent: bytes.length, unmarked: bytes.length };
  }
  const bytes = spool.read(at, Math.min(waiting, part));
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

/** Why the end of the job will never be known; undefined while it may be. */
async function whyLost(shell: Shell, directory: Directory, mayStart: boolean): Promise<string | undefined> {
  if (directory.isGone) return "! gone the directory of the job was removed while it ran";
  if (await endOrphans(shell, directory)) {
    directory.recorder?.kill();
    return "! lost the job was killed, and its exit status with it";
  }
  if (mayStart && !directory.hasStarted && directory.job === undefined)
    return "! start the job has not started";
  return undefined;
}

async function awaitTaken(shell: Shell, directory: Directory): Promise<void> {
  const until = shell.now + TAKEN_MS;
  while (!directory.isTaken && !directory.isGone && shell.now < until)
    await directory.news(shell.host, Math.min(LOOK_MS, until - shell.now));
}
