import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { RecordReader } from "../../src/carriers/stream/records.ts";
import { extractAll } from "../helpers/extracted.ts";
import type { Fault } from "../helpers/piece-bucket.ts";
import { Proxy } from "../helpers/proxy.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { until } from "../helpers/until.ts";
import { curlOnly, EACH, LEFT, MIB, ORDERED, PATIENCE, removeAll, UploadedJob, WAYS } from "./upload-rig.ts";

afterAll(removeAll);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** The job's standard output in these bytes of a spool. */
const stdoutOf = (spool: Buffer): string =>
  extractAll(new RecordReader(1), spool)
    .flatMap((each) =>
      each.kind === "text" && each.stream === "stdout"
        ? [each.bytes.toString() + (each.ends ? "\n" : "")]
        : [],
    )
    .join("");
const numbers = (count: number): string => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join("");

it.concurrent.each(everyNth(EACH, 8, 4))(
  "the pieces of a job are its spool, byte for byte, none larger than was ordered, and then its status, by $way under $sh",
  async ({ sh, options }) => {
    const uploaded = await UploadedJob.make({
      script: `${ORDERED}; seq 30000; echo err >&2; exit 7`,
      sh,
      ...options(),
    });
    uploaded.bucket.largest = 64 * 1024;
    await uploaded.followBriefly();
    const pieces = await uploaded.ended();
    expect(Math.max(...pieces.map(({ body }) => body.length))).toBeLessThanOrEqual(64 * 1024);
    expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
    expect(pieces.at(-1)?.body.toString()).toMatch(/^exited 0=7:\d+\.\d\db?$/);
    expect(pieces.at(-1)?.begin).toBe(uploaded.kept.length);
    expect(stdoutOf(uploaded.spool())).toBe(numbers(30_000));
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 0))(
  "many lines one by one are few pieces, and none waits long, by $way",
  async ({ options }) => {
    const script = "i=0; while [ $i -lt 40 ]; do i=$((i + 1)); date +%s%N; sleep 0.1; done";
    const uploaded = await UploadedJob.make({ script, ...options() });
    await uploaded.followBriefly();
    await uploaded.ended();
    const posts = uploaded.bucket.requests.filter(({ method }) => method === "POST");
    const printed = stdoutOf(uploaded.spool()).trim().split("\n").map(Number);
    const lasted = ((printed.at(-1) ?? 0) - (printed[0] ?? 0)) / 1e6;
    // One for each half second, and those of the beginning and the end.
    expect(posts.length).toBeLessThan(12 + lasted / 500);
    const waits = uploaded.pieces.flatMap(({ number, body }) => {
      const [first] = /^\d{19}$/m.exec(stdoutOf(body)) ?? [];
      const { at = 0 } = posts.find(({ key }) => key.endsWith(`/${number}`)) ?? {};
      return first === undefined ? [] : [at - Number(first) / 1e6];
    });
    // On an idle machine a line waits 0.5 s at most. On a busy machine it may wait for longer.
    expect(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(10_000);
    await uploaded.take();
  },
  PATIENCE,
);

const FAULTS: readonly (readonly [string, Fault | { readonly after: Fault }])[] = [
  ["answers 503", { status: 503, code: "SlowDown" }],
  ["answers 403", { status: 403, code: "AccessDenied" }],
  ["closes the connection", "hang-up"],
  ["stores a piece and closes the connection", { after: "hang-up" }],
  ["does not answer", "silence"],
];

describe.each(WAYS)("by $way, while S3", ({ way, options }) => {
  it.concurrent.each(everyNth(FAULTS, 4, way === "curl" ? 3 : 0))(
    "%s, nothing is lost, and no piece is stored with other bytes",
    async (_, fault) => {
      const uploaded = await UploadedJob.make({
        script: "seq 2000; sleep 2; seq 5000; exit 3",
        ...options(),
      });
      let faults = 0;
      const isTroubled = (): boolean => (faults += 1) <= (fault === "silence" ? 1 : 2);
      uploaded.bucket.fault = (method) => (method === "POST" && isTroubled() ? fault : undefined);
      const terminal = await uploaded.follow();
      await until(() => uploaded.pieces.length > 0);
      terminal.type(LEFT);
      const pieces = await uploaded.ended();
      expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
      expect(pieces.at(-1)?.body.toString()).toMatch(/^exited 0=3:/);
      const contents = [...uploaded.bucket.sent].filter(([key]) => /\/\d+$/.test(key));
      for (const [, bodies] of contents) expect(new Set(bodies.map(sha256)).size).toBe(1);
      await uploaded.take();
    },
    PATIENCE,
  );
});

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "an uploader that is killed between the upload of a piece and its answer goes on with the same bytes, by $way",
  async ({ way, options }) => {
    const uploaded = await UploadedJob.make({ script: "seq 100; sleep 3; seq 5000; exit 3", ...options() });
    // S3 stores the piece, and does not say so.
    let kills = 0;
    uploaded.bucket.fault = (method) => (method === "POST" && kills < 2 ? { after: "silence" } : undefined);
    const terminal = await uploaded.follow();
    for (; kills < 2; kills += 1) {
      await until(() => uploaded.bucket.requests.filter(({ method }) => method === "POST").length > kills);
      if (way === "python3") process.kill(uploaded.uploader ?? 0, "SIGKILL");
      else for (const pid of uploaded.curls) process.kill(pid, "SIGKILL");
    }
    await until(() => uploaded.pieces.length > 1);
    terminal.type(LEFT);
    await uploaded.ended();
    expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
    for (const [key, bodies] of uploaded.bucket.sent)
      if (/\/\d+$/.test(key)) expect(new Set(bodies.map(sha256)).size).toBe(1);
    expect(uploaded.bucket.sent.get(`${uploaded.order.folder}0`)?.length).toBe(3);
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 0))(
  "a job is held while S3 takes nothing, and goes on by what `control` confirms, by $way",
  async ({ options }) => {
    const uploaded = await UploadedJob.make({
      ...{ script: "seq 900000; exit 3", spoolLimit: 2 * MIB, ...options() },
    });
    const { bucket, order } = uploaded;
    let isDown = false;
    bucket.fault = (method) => (isDown && method === "POST" ? { status: 503, code: "SlowDown" } : undefined);
    const terminal = await uploaded.follow();
    await until(() => uploaded.pieces.length > 0);
    isDown = true;
    await uploaded.job.has("held");
    terminal.type(LEFT);
    await terminal.closed;
    const held = uploaded.kept.length;
    expect(held).toBeLessThan(2.5 * MIB);
    isDown = false;
    // Confirms what has come, as a reader does.
    let number = 0;
    const reading = setInterval(() => {
      const last = uploaded.pieces.at(-1);
      bucket.control(
        order,
        (number += 1),
        (last?.begin ?? 0) + (last?.kind === "out" ? last.body.length : 0),
      );
    }, 100);
    await uploaded.ended();
    clearInterval(reading);
    expect(stdoutOf(uploaded.spool())).toBe(numbers(900_000));
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "when S3 refuses the form of $way, a note says so, and the session goes on with the output",
  async ({ way, options }) => {
    const noted = `until grep -qs 'has not taken' "\${0%/*}"/notes*; do sleep 0.1; done`;
    const script = `${ORDERED}; seq 3000; ${noted}; exit 3`;
    const uploaded = await UploadedJob.make({ script, take: true, ...options() });
    uploaded.bucket.fault = (method) =>
      method === "POST" ? { status: 403, code: "AccessDenied" } : undefined;
    const terminal = await uploaded.follow();
    await until(() => uploaded.job.output("stdout").toString() === numbers(3_000));
    await until(() =>
      uploaded.job.events.some(
        (event) =>
          event.kind === "note" &&
          event.text.startsWith(`S3 has not taken output (${way}): 403 AccessDenied`),
      ),
    );
    expect(uploaded.pieces).toEqual([]);
    await terminal.closed;
    expect(uploaded.job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
  },
  PATIENCE,
);

it.concurrent(
  "SHA-256 is computed by openssl, too",
  async () => {
    const uploaded = await UploadedJob.make({
      script: `${ORDERED}; echo hello`,
      containerEnv: { PATH: curlOnly("openssl") },
    });
    await uploaded.followBriefly();
    await uploaded.ended();
    expect(stdoutOf(uploaded.spool())).toBe("hello\n");
    await uploaded.take();
  },
  PATIENCE,
);

it.concurrent(
  "python3 goes through a proxy that the environment names",
  async () => {
    const proxy = await Proxy.start();
    try {
      const uploaded = await UploadedJob.make({
        script: `${ORDERED}; echo hello`,
        containerEnv: { PATH: "/usr/bin:/bin", http_proxy: proxy.url() },
      });
      await uploaded.followBriefly();
      await uploaded.ended();
      await uploaded.take();
      expect(proxy.seen.length).toBeGreaterThan(1);
    } finally {
      await proxy.stop();
    }
  },
  PATIENCE,
);

it.concurrent(
  "the log says so when nothing in the image can upload",
  async () => {
    const path = curlOnly();
    const uploaded = await UploadedJob.make({
      script: 'until [ -e "${0%/*}/notes.told" ]; do sleep 0.1; done; exit 3',
      containerEnv: { PATH: path },
      take: true,
    });
    rmSync(`${path}/curl`);
    const terminal = await uploaded.follow();
    await terminal.closed;
    expect(terminal.events).toContainEqual(
      expect.objectContaining({
        kind: "note",
        text: expect.stringContaining("neither python3 nor curl") as string,
      }),
    );
    expect(uploaded.job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
    await uploaded.untilGone();
  },
  PATIENCE,
);
