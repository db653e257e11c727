import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { controlNumber } from "../../src/carriers/pieces/orders.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { TestOrder } from "../helpers/piece-bucket.ts";
import { until } from "../helpers/until.ts";
import type { WatchOptions } from "../helpers/watch.ts";
import { LEFT, MIB, PATIENCE, removeAll, UploadedJob, WAYS } from "./upload-rig.ts";

const directory = mkdtempSync(join(tmpdir(), "control-"));
afterAll(async () => {
  await removeAll();
  rmSync(directory, { recursive: true });
});

/** A job that prints without an end, and is held. Its uploader then reads `control` twice a second. */
async function aHeldJob(options: Partial<WatchOptions>): Promise<UploadedJob> {
  const uploaded = await UploadedJob.make({
    ...{ script: "yes $(printf %01000d 7)", spoolLimit: MIB, ...options },
  });
  await uploaded.followBriefly();
  await uploaded.job.has("held");
  return uploaded;
}

/** Kills the process. Returns false when it has ended by itself. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** Resolves when the uploader has read `control` this many times more. */
async function awaitLooks(uploaded: UploadedJob, count: number): Promise<void> {
  const seen = (): number => uploaded.bucket.requests.filter(({ method }) => method === "GET").length;
  const before = seen();
  await until(() => seen() >= before + count);
}

/**
 * Resolves when all that a held job has printed is uploaded. A job that is cancelled waits five seconds for its end to be taken, in
 * which a busy machine may not upload it.
 */
async function untilUploaded(uploaded: UploadedJob): Promise<void> {
  await until(() => uploaded.spool().length >= uploaded.kept.length);
}

// The tests with a held job are not concurrent: each job uploads a mebibyte, which takes most of a processor.
it.each(everyNth(WAYS, 2, 1))(
  "nobody but the runner can stop a job, free its output or take its end, by $way",
  async ({ options }) => {
    const uploaded = await aHeldJob(options());
    const { bucket, order, job } = uploaded;
    const other = new TestOrder();
    const name = `${order.folder}control`;
    const evil = (number: number, lines = "cancel\nattach\n"): Buffer =>
      order.seal("control", number, 9_000_000, lines);
    const authentic = evil(9);
    const forgeries: readonly Buffer[] = [
      // Another key, another job's name under the right key, and another kind.
      other.seal("control", 9, 9_000_000, "cancel\nattach\n"),
      order.seal("control", 9, 9_000_000, "cancel\nattach\n", other.job),
      order.seal("out", 9, 9_000_000, "cancel\nattach\n"),
      // What the runner has written, with a change.
      Buffer.concat([authentic, Buffer.from("cancel\n")]),
      authentic.subarray(0, -1),
      Buffer.from(authentic.toString().replace("9000000", "9000001")),
      Buffer.from(authentic.toString().replace(/control 9 /, "control 10 ")),
      Buffer.from(authentic.toString().replace(/ [0-9a-f]{64}\n/, ` ${"0".repeat(64)}\n`)),
      Buffer.from(authentic.toString().replace(/ [0-9a-f]{64}\n/, "\n")),
      Buffer.from("control\n"),
      Buffer.alloc(0),
      Buffer.alloc(300_000, "fx1 control 9 "),
    ];
    // The uploader looks once more only when it has done with what it got, so each look can bring another one.
    for (const forged of forgeries) {
      bucket.objects.set(name, forged);
      await awaitLooks(uploaded, 1);
    }
    // An authentic one with number 5, and then authentic ones that are not newer.
    bucket.control(order, 5, 0);
    await awaitLooks(uploaded, 1);
    for (const old of [evil(5), evil(4)]) {
      bucket.objects.set(name, old);
      await awaitLooks(uploaded, 1);
    }
    await awaitLooks(uploaded, 1);
    expect(readFileSync(join(job.directory ?? "", "held"), "utf8")).not.toBe("");
    expect(uploaded.kept.length).toBeGreaterThanOrEqual(MIB);
    // An end that has not come can't be taken.
    bucket.control(order, 6, 0, ["taken"]);
    await awaitLooks(uploaded, 2);
    expect(job.processes.length).toBeGreaterThan(1);
    await untilUploaded(uploaded);
    bucket.control(order, 7, 0, ["cancel"]);
    const pieces = await uploaded.ended();
    expect(pieces.at(-1)?.body.toString()).toMatch(/^cancelled 0=143:\d+\.\d\db?!$/);
    await uploaded.untilGone();
  },
  PATIENCE,
);

it.each(everyNth(WAYS, 2, 0))(
  "a principal with the handle can't number a `control` so that the runner's later ones are not obeyed, by $way",
  async ({ options }) => {
    const uploaded = await aHeldJob(options());
    const { bucket, order } = uploaded;
    const seconds = Math.floor(Date.now() / 1000);
    const [within, beyond] = [seconds + 86_400 - 3_600, seconds + 86_400 + 3_600];
    for (const number of [999_999_999_999_999, beyond, within]) {
      bucket.control(order, number, 0);
      await awaitLooks(uploaded, 1);
    }
    await untilUploaded(uploaded);
    // The runner goes on from the number that it finds.
    const next = controlNumber(within, Date.now());
    bucket.control(order, next, 0, ["cancel"]);
    const pieces = await uploaded.ended();
    expect(pieces.at(-1)?.body.toString()).toMatch(/^cancelled 0=143:/);
    await uploaded.take(next + 1);
  },
  PATIENCE,
);

it.each(everyNth(WAYS, 2, 1))(
  "a principal with the handle and a right to write into the bucket can't have the output sent elsewhere, by $way",
  async ({ options }) => {
    const uploaded = await aHeldJob(options());
    const elsewhere = await UploadedJob.make({ script: "exit" });
    const { bucket, order, job } = uploaded;
    const evil = elsewhere.bucket.access(order);
    const toTheBrim = evil.filter((line) => /^(url|control) /.test(line));
    const forged = [
      evil,
      toTheBrim,
      toTheBrim.map((line) => line.replace(" ", "+ ")),
      [`query+ ${elsewhere.bucket.url}`],
    ];
    for (const [at, lines] of forged.entries()) {
      bucket.control(order, at + 5, 0, lines);
      await awaitLooks(uploaded, 1);
    }
    await awaitLooks(uploaded, 1);
    await untilUploaded(uploaded);
    bucket.control(order, 20, job.extractor.confirmed, [...bucket.renewal(order), "cancel"]);
    await uploaded.ended();
    expect(uploaded.spool().length).toBeGreaterThanOrEqual(MIB);
    expect(elsewhere.bucket.requests).toEqual([]);
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 0))(
  "a form that has expired is renewed by `control`, also for an uploader that is started again, by $way",
  async ({ way, options }) => {
    const uploaded = await UploadedJob.make({
      script: "echo one; sleep 4; echo two; sleep 4; echo three; exit 3",
      ...options(),
    });
    const { bucket, order } = uploaded;
    const long = bucket.access(order);
    // The form is good for two seconds, and `control` for an hour.
    const access = [
      ...bucket.access(order, { seconds: 2 }).filter((line) => !line.startsWith("query")),
      ...long.filter((line) => line.startsWith("query")),
    ];
    const terminal = await uploaded.follow(access);
    await until(() =>
      terminal.events.some((event) => event.kind === "note" && event.text.includes("Policy expired")),
    );
    terminal.type(LEFT);
    bucket.control(order, 1, 0, bucket.renewal(order, { token: "long".repeat(1_500) }));
    await until(() => uploaded.pieces.length > 1);
    const programs = () => (way === "python3" ? [uploaded.uploader ?? 0] : uploaded.curls);
    await until(() => programs().some(kill));
    await uploaded.ended();
    expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "a `control` that is gone says that the end was taken, if the job has ended and `control` was there, by $way",
  async ({ options }) => {
    const uploaded = await UploadedJob.make({ script: "echo one; sleep 2", ...options() });
    const { bucket, order, job } = uploaded;
    await uploaded.followBriefly();
    await uploaded.ended();
    // There has been none yet.
    await awaitLooks(uploaded, 3);
    expect(job.directory).toBeDefined();
    bucket.control(order, 1, 0);
    await awaitLooks(uploaded, 2);
    expect(job.directory).toBeDefined();
    bucket.objects.delete(`${order.folder}control`);
    await uploaded.untilGone();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 0))(
  "what a session confirms is not uploaded any more, `attach` ends the upload, and another order goes on in another folder, by $way",
  async ({ options }) => {
    const on = join(mkdtempSync(join(directory, "on-")), "on");
    const uploaded = await UploadedJob.make({
      script: `echo first; until [ -e ${on} ]; do sleep 0.1; done; seq 400000; sleep 600`,
      spoolLimit: 4 * MIB,
      confirm: true,
      ...options(),
    });
    const { bucket, order, job } = uploaded;
    bucket.fault = (method) => (method === "POST" ? { status: 503, code: "SlowDown" } : undefined);
    const terminal = await uploaded.follow();
    await until(() => bucket.requests.some(({ method }) => method === "POST"));
    writeFileSync(on, "");
    await until(() => job.extractor.confirmed > 2 * MIB);
    const second = new TestOrder();
    bucket.fault = () => undefined;
    await until(() => job.extractor.offset > 2_600_000 && uploaded.pieces.length > 1);
    // The piece that was fixed before is uploaded unchanged. The next one begins where the spool begins by now.
    const [first, next] = uploaded.pieces;
    expect([first, next].map((piece) => piece?.isAuthentic)).toEqual([true, true]);
    expect(first?.begin).toBe(0);
    const { begin = 0, body = Buffer.of() } = next ?? {};
    expect(begin).toBeGreaterThan(first?.body.length ?? 0);
    // The session may have confirmed it by now, so it is compared with what the script prints.
    const header = first?.body.subarray(0, first.body.indexOf("\nfirst\n") + 1) ?? Buffer.of();
    const numbers = Array.from({ length: 400_000 }, (_, at) => `${at + 1}\n`).join("");
    const printed = Buffer.concat([header, Buffer.from(`first\n${numbers}`)]);
    expect(body.equals(printed.subarray(begin, begin + body.length))).toBe(true);
    bucket.control(order, 1, 0, ["attach"]);
    terminal.type(bucket.typed(second, job.extractor.confirmed));
    await until(() => bucket.pieces(second).length > 0 || bucket.objects.has(`${second.folder}alive`));
    const alive = bucket.objects.get(`${second.folder}alive`);
    if (alive) expect(second.open(alive)).toMatchObject({ kind: "alive", isAuthentic: true });
    terminal.type(Buffer.from("cancel\n"));
    await bucket.ended(second);
    await uploaded.untilGone();
    expect(uploaded.pieces.at(-1)?.kind).toBe("out");
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "a job that prints nothing shows in the bucket that S3 works, and later that it was killed, by $way",
  async ({ options }) => {
    const uploaded = await UploadedJob.make({ script: "exec sleep 600", ...options() });
    const { bucket, job } = uploaded;
    const order = new TestOrder();
    const terminal = await uploaded.follow();
    await until(() => uploaded.pieces.length > 0);
    terminal.type(bucket.typed(order, uploaded.kept.length));
    await until(() => bucket.objects.has(`${order.folder}alive`));
    expect(order.open(bucket.objects.get(`${order.folder}alive`) ?? Buffer.alloc(0))).toMatchObject({
      ...{ kind: "alive", isAuthentic: true, begin: uploaded.kept.length },
    });
    terminal.type(LEFT);
    await terminal.closed;
    await sleep(100);
    process.kill(Number(readFileSync(join(job.directory ?? "", "pid"), "utf8").split(":")[0]), "SIGKILL");
    const found = await bucket.ended(order);
    expect(found.at(-1)?.body.toString()).toMatch(/^! lost the job was killed/);
    bucket.control(order, 1, 0, ["taken"]);
    await uploaded.untilGone();
  },
  PATIENCE,
);
