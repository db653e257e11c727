import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { asRoot } from "../../local/task/isolate.ts";
import { jobSource } from "../../src/payload/container-source.ts";
import { jobText } from "../../src/payload/job-text.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { memoryOf } from "../helpers/memory.ts";
import { withNeed } from "../helpers/needs.ts";
import { NumberedLines } from "../helpers/numbered.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";
import { JOB } from "./a-job.ts";
import { certificate, MIB, ORDERED, PATIENCE, removeAll, UploadedJob, WAYS } from "./upload-rig.ts";

afterAll(removeAll);
const asOthers = withNeed(it, "root", asRoot ? undefined : "only root has other users' processes");

/** Arguments and environment of every process of this machine. */
function argumentsAndEnvironments(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => ["cmdline", "environ"].map((file) => `/proc/${pid}/${file}`))
    .map((path) => {
      try {
        return readFileSync(path, "latin1");
      } catch {
        return "";
      }
    })
    .join("\n");
}

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "no process has a key, a form, an address or a folder in its arguments or its environment, by $way",
  async ({ options }) => {
    const uploaded = await UploadedJob.make({
      script: "i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo $i; sleep 0.1; done",
      ...options(),
    });
    const access = uploaded.bucket.access(uploaded.order);
    const secrets = [
      uploaded.order.folder,
      ...uploaded.order.keys,
      ...access.flatMap((line) => line.split(" ").slice(-1)),
    ].filter((word) => word.length > 25 && !word.startsWith("AKID") && word !== uploaded.bucket.url);
    expect(secrets.length).toBeGreaterThanOrEqual(5);
    const terminal = await uploaded.follow(access);
    const found = new Set<string>();
    let looks = 0;
    while (uploaded.pieces.at(-1)?.kind !== "end") {
      const shown = argumentsAndEnvironments();
      for (const secret of secrets) if (shown.includes(secret)) found.add(secret);
      looks += 1;
      await sleep(5);
    }
    expect(looks).toBeGreaterThan(2);
    expect([...found]).toEqual([]);
    // The terminal shows nothing of it, either.
    for (const secret of secrets) expect(terminal.shown.includes(secret)).toBe(false);
    await uploaded.take();
  },
  PATIENCE,
);

asOthers.concurrent.each(everyNth(WAYS, 2, 0))(
  "another user of the container reads no key and puts nothing in, even as the user of the script, by $way",
  async ({ options }) => {
    const container = await SharedContainer.start("dash");
    try {
      // The script, as its own user, tries what it can read and write in the job directory.
      const script = `d=\${0%/*}; ls "$d" && echo "lists"
for f in order uploader.py carried lease piece.0 piece.1 post.curl get.curl object-key said carrier; do
  cat "$d/$f" 2>/dev/null && echo "reads $f"
  (: >"$d/$f.new") 2>/dev/null && echo "makes $f"
  (echo 'job x' >>"$d/$f") 2>/dev/null && echo "writes $f"
done
echo looked; until [ -e /tmp/go ]; do sleep 0.1; done; exit 3`;
      const uploaded = await UploadedJob.make({
        script,
        user: "1000",
        within: container,
        ...options(container),
        sh: "/bin/sh",
      });
      await uploaded.follow();
      await until(() => uploaded.pieces.length > 0);
      container.run(": >/tmp/go");
      const pieces = await uploaded.ended();
      expect(pieces.at(-1)?.body.toString()).toMatch(/^exited 0=3:/);
      expect(uploaded.spool().toString()).not.toMatch(/^(lists|reads|makes|writes)/m);
      for (const key of uploaded.order.keys) expect(uploaded.spool().includes(key)).toBe(false);
      await uploaded.take();
    } finally {
      await container.stop();
    }
  },
  PATIENCE,
);

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "output goes over HTTPS to a host with a trusted certificate only, by $way",
  async ({ options }) => {
    const { trusted, ...pair } = certificate();
    const { PATH } = options().containerEnv;
    const bad = await UploadedJob.make(
      { script: "exec sleep 600", containerEnv: { PATH }, take: true },
      pair,
    );
    const terminal = await bad.follow();
    const complains = (text: string): boolean => /^S3 has not taken output.*certificate/i.test(text);
    await until(() => terminal.events.some((event) => event.kind === "note" && complains(event.text)));
    terminal.type(Buffer.from("cancel\n"));
    await terminal.closed;
    expect(bad.bucket.requests).toEqual([]);
    const containerEnv = { PATH, SSL_CERT_FILE: trusted };
    const good = await UploadedJob.make({ script: `${ORDERED}; exit 3`, containerEnv }, pair);
    await good.followBriefly();
    await good.ended();
    expect(good.spool().equals(good.kept)).toBe(true);
    await good.take();
  },
  PATIENCE,
);

itInSoak(
  "the uploader in python3 needs at most 24 MB for 50 MB of output over HTTPS",
  async () => {
    const { trusted, ...pair } = certificate();
    const { PATH } = WAYS[0].options().containerEnv;
    const script = new NumberedLines(50 * MIB).script("awk", 0);
    const containerEnv = { PATH, SSL_CERT_FILE: trusted };
    const uploaded = await UploadedJob.make({ script, containerEnv }, pair);
    await uploaded.followBriefly();
    let most = 0;
    await until(() => {
      most = Math.max(most, memoryOf(uploaded.uploader ?? 0)?.most ?? 0);
      return uploaded.pieces.at(-1)?.kind === "end";
    });
    expect(uploaded.spool().length).toBeGreaterThan(50 * MIB);
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThan(24);
    await uploaded.take();
  },
  PATIENCE,
);

describe("a job that S3 may not carry", () => {
  it("has none of the uploader's code", () => {
    const text = jobText({ ...JOB, pieces: false });
    expect(text).not.toMatch(/fx_uploader_py|fx_upload\(\)|fx_leave\(\)|fx_read_order\(\)/);
    expect(jobSource({ pieces: true, detaches: false }).length).toBeGreaterThan(
      jobSource({ pieces: false, detaches: false }).length,
    );
  });

  it("has no further process and no further file, and ignores an order and `left`", async () => {
    // It waits without running a program.
    const script = "read -r word <go; exit 3";
    const jobs = await Promise.all(
      [false, true].map(async (pieces) => {
        const workingDirectory = mkdtempSync(`${tmpdir()}/fargate-exec-test-`);
        execFileSync("mkfifo", [`${workingDirectory}/go`]);
        const job = new WatchedJob({ script, pieces, workingDirectory });
        const terminal = job.attach();
        await job.has("0.pid");
        if (!pieces) terminal.type(Buffer.from("s3 job x\ns3 .\nleft\n"));
        await job.has("beat");
        return { job, terminal, workingDirectory };
      }),
    );
    const [without, withIt] = jobs.map(({ job }) => job);
    // The uploader is one shell that waits, and runs no program. Other processes begin and end meanwhile, so the numbers count that
    // stay for a while.
    let [further, looks] = [NaN, 0];
    const look = (): boolean => {
      const seen = (withIt?.processes.length ?? 0) - (without?.processes.length ?? 0);
      looks = seen === further ? looks + 1 : 0;
      further = seen;
      return further === 1 && looks === 50;
    };
    await until(look, () => `${further} further processes`);
    const [files, filesWithIt] = jobs.map(({ job }) => readdirSync(job.directory ?? ""));
    expect(files?.filter((name) => !filesWithIt?.includes(name))).toEqual([]);
    expect(filesWithIt?.filter((name) => !files?.includes(name)).sort()).toEqual(["carrier", "uploader"]);
    for (const { job, terminal, workingDirectory } of jobs) {
      writeFileSync(`${workingDirectory}/go`, "go\n");
      await terminal.closed;
      expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
      job.remove();
      rmSync(workingDirectory, { recursive: true });
    }
  });
});
