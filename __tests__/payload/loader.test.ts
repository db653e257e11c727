import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARGEST_TYPED_SCRIPT } from "../../src/inputs/script.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, PYTHON, withoutPython } from "../helpers/tools.ts";
import { watch, WatchedJob, type WatchedRun } from "../helpers/watch.ts";

const directory = mkdtempSync(join(tmpdir(), "loader-"));
afterAll(() => rmSync(directory, { recursive: true }));
const S3 = { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" } as const;

/** A PATH with these programs, each with its shell text, and with this source as boto3. The file `tried` lists their calls. */
function withPrograms(
  programs: Readonly<Record<string, string>>,
  boto3 = `raise ImportError("none here")`,
): { PATH: string; tried: string } {
  const tools = mkdtempSync(join(directory, "tools-"));
  const tried = join(tools, "tried");
  for (const [name, act] of Object.entries(programs)) {
    writeFileSync(join(tools, name), `#!/bin/sh\necho ${name} >>${tried}\n${act}\n`);
    chmodSync(join(tools, name), 0o755);
  }
  const python = pythonWith("boto3", boto3, directory);
  return { PATH: `${tools}:${python}`, tried };
}

const notes = ({ events }: Pick<WatchedRun, "events">): string[] =>
  events.flatMap((event) => (event.kind === "note" ? [event.text] : []));

/** Runs `exit 4`. No S3 answers, neither at its own address nor at `address`. */
async function stagedRun(sh: string, PATH: string, address = "http://127.0.0.1:1"): Promise<WatchedRun> {
  const run = await watch({ sh, script: "exit 4", delivery: S3, address, containerEnv: { PATH } });
  expect(run.status).toMatchObject({ workers: [{ exitCode: 4 }] });
  return run;
}

/** Runs `exit 4` in an image with these hashers. Its curl brings the staged payload, or `planted` instead. Gives the notes. */
async function fetchByCurl(hashers: readonly string[], planted?: string): Promise<string[]> {
  const PATH = withoutPython(findProgram("awk"), directory);
  for (const name of ["busybox", "sha256sum"]) rmSync(join(PATH, name));
  for (const name of hashers) symlinkSync(findProgram(name), join(PATH, name));
  const object = join(PATH, "object");
  writeFileSync(join(PATH, "curl"), `#!/bin/sh\nfor to; do :; done; cat ${object} >"$to"\n`);
  chmodSync(join(PATH, "curl"), 0o755);
  const job = new WatchedJob({
    ...{
      sh: "dash",
      script: "exit 4",
      delivery: S3,
      address: "http://127.0.0.1:1/k",
      containerEnv: { PATH },
    },
  });
  writeFileSync(object, planted ?? job.payload.bytes);
  await job.attach().closed;
  expect(job.status).toMatchObject({ workers: [{ exitCode: 4 }] });
  return notes(job);
}

describe("a script that the network brings", () => {
  it.concurrent(
    "is fetched again when it is too large to be typed, since a connection may be reset",
    async () => {
      const PATH = withoutPython(findProgram("awk"), directory);
      const [object, once] = [join(PATH, "object"), join(PATH, "once")];
      const reset = `: >${once}; echo "curl: (56) Recv failure: Connection reset by peer" >&2; exit 56`;
      writeFileSync(
        join(PATH, "curl"),
        `#!/bin/sh\n[ -e ${once} ] || { ${reset}; }\nfor to; do :; done; cat ${object} >"$to"\n`,
      );
      chmodSync(join(PATH, "curl"), 0o755);
      const script = `#${"x".repeat(LARGEST_TYPED_SCRIPT)}\nexit 4\n`;
      const address = "http://127.0.0.1:1/k";
      const job = new WatchedJob({ sh: "dash", script, delivery: S3, address, containerEnv: { PATH } });
      writeFileSync(object, job.payload.bytes);
      await job.attach().closed;
      expect(job.status).toMatchObject({ workers: [{ exitCode: 4 }] });
      expect(notes(job).filter((note) => note === "Fetching the script by curl.")).toHaveLength(2);
    },
  );

  it.concurrent("is not even fetched when nothing in the image computes its checksum", async () => {
    const said = await fetchByCurl([], "exit 66\n");
    expect(said[0]).toMatch(/^Script typed into the session: .*nothing in the image computes SHA-256/);
  });

  it.concurrent.each(everyNth(["busybox", "openssl", "sha256sum"], 3, 1))(
    "is checked by %s alone",
    async (hasher) => {
      expect((await fetchByCurl([hasher], "exit 66\n")).join()).toContain("curl: checksum mismatch");
      expect((await fetchByCurl([hasher])).at(-1)).toMatch(/^Script fetched by curl/);
    },
  );
});

const some = SHELLS.filter((shell) => /dash|busybox/.test(shell));

/** A PATH without python3, whose curl is this program. The file `tried` gets a line for each call of it. */
function withCurl(act: string, interpreter = "/bin/sh"): { PATH: string; tried: string } {
  const PATH = withoutPython(findProgram("awk"), directory);
  const tried = join(PATH, "tried");
  writeFileSync(join(PATH, "curl"), `#!${interpreter}\n${act.replace("TRIED", tried)}\n`);
  chmodSync(join(PATH, "curl"), 0o755);
  return { PATH, tried };
}

/** Runs `exit 4` beside a server that answers each request like this, or not at all. Gives the notes. */
async function besideServer(sh: string, PATH: string, status: number | "never"): Promise<string[]> {
  const server = createServer((_, response) => {
    if (status !== "never") response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return notes(await stagedRun(sh, PATH, `http://127.0.0.1:${port}/k`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe.each(everyNth(some, 2))("a way of delivery under %s", (sh) => {
  it.concurrent("that gets no answer is given up after 5 s, and no other is tried", async () => {
    const { PATH, tried } = withPrograms({ curl: "exit 22" });
    expect(await besideServer(sh, PATH, "never")).toEqual([
      "Fetching the script by python3.",
      expect.stringMatching(
        /^Script typed into the session: boto3: ImportError: none here; python3: .*(timed out|no answer within 5 s); S3 can't be reached from here;$/,
      ) as string,
    ]);
    expect(existsSync(tried)).toBe(false);
  });

  it.concurrent("that neither computes nor answers is ended after 5 s", async () => {
    const said = notes(await stagedRun(sh, withCurl("exec sleep 3600").PATH));
    expect(said).toEqual([
      "Fetching the script by curl.",
      expect.stringMatching(
        /^Script typed into the session: boto3: the image has no python3; curl: no answer within 5 s; S3 can't be/,
      ) as string,
    ]);
  });

  it.concurrent(
    "that brings no file counts as failed, and not as one whose file can't be checked",
    async () => {
      const said = notes(await stagedRun(sh, withCurl("exit 0").PATH)).join();
      expect(said).toContain("curl: checksum mismatch");
      expect(said).not.toContain("is not checked");
    },
  );

  // By itself: a program that waits for long for an answer of this process, which is busy with others, counts as cut off.
  it("that S3 refuses is followed by the next one", async () => {
    const { PATH, tried } = withPrograms({ curl: 'echo "curl: (22) 403" >&2; exit 22' });
    expect((await besideServer(sh, PATH, 403)).at(-1)).toMatch(
      /^Script typed into the session: boto3: ImportError: none here; python3: .*403.*; curl: curl: \(22\) 403;$/,
    );
    expect(readFileSync(tried, "utf8")).toBe("curl\n");
  });

  it.concurrent.each([
    ["without boto3", `raise ImportError("none here")`, "no-boto3"],
    ["with boto3, but without a right", `raise OSError("An error occurred (403)")`, "download"],
  ] as const)("has its own refusal when the script is too large to be typed: %s", async (_, boto3, code) => {
    const { PATH } = withPrograms({ curl: "exit 22" }, boto3);
    const script = `#${"x".repeat(LARGEST_TYPED_SCRIPT)}\n`;
    const { events } = await watch({
      ...{ sh, script, delivery: S3, address: "http://127.0.0.1:1", containerEnv: { PATH } },
    });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", code }));
  });

  it.concurrent("is none of wget's and of the AWS CLI's: the words name what the image lacks", async () => {
    const { PATH, tried } = withCurl("");
    rmSync(join(PATH, "curl"));
    for (const name of ["aws", "wget"]) {
      writeFileSync(join(PATH, name), `#!/bin/sh\necho ${name} >>${tried}\n`);
      chmodSync(join(PATH, name), 0o755);
    }
    const script = `#${"x".repeat(LARGEST_TYPED_SCRIPT)}\n`;
    const { events } = await watch({
      ...{ sh, script, delivery: S3, address: "http://127.0.0.1:1", containerEnv: { PATH } },
    });
    expect(events).toContainEqual({
      ...{ kind: "refused", code: "no-boto3" },
      text: "boto3: the image has no python3; curl: the image has none; and it is too large to be typed",
    });
    expect(existsSync(tried)).toBe(false);
  });

  if (sh !== "dash") return;
  it.concurrent("that still reads into its memory is not cut short", async () => {
    const slow = `import sys, time\nread = []\nwhile len(read) < 35:\n    read.append(b"x" * 400_000)\n    time.sleep(0.2)\nsys.exit("curl: (22) 403")`;
    const said = notes(await stagedRun(sh, withCurl(slow, PYTHON).PATH)).join();
    expect(said).toContain("curl: curl: (22) 403");
    expect(said).not.toContain("no answer within 5 s");
  });

  itInSoak.concurrent("that still computes is not cut short", async () => {
    // It starts no other process. A busy machine may let it wait for a processor, but it never sleeps.
    const busy = `read -r now _ </proc/uptime; end=$((\${now%.*} + 7)); while [ "\${now%.*}" -lt "$end" ]; do read -r now _ </proc/uptime; done; exit 22`;
    const said = notes(await stagedRun(sh, withCurl(busy).PATH));
    expect(said.at(-1)).not.toContain("no answer");
  });
});
