import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARGEST_TYPED_SCRIPT } from "../../src/inputs/script.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { SHELLS } from "../helpers/shells.ts";
import { watch, type WatchedRun } from "../helpers/watch.ts";

const directory = mkdtempSync(join(tmpdir(), "loader-"));
afterAll(() => rmSync(directory, { recursive: true }));
const S3 = { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" } as const;

/** A PATH in which these programs do that, and boto3 this. */
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

const notes = ({ events }: WatchedRun): string[] =>
  events.flatMap((event) => (event.kind === "note" ? [event.text] : []));

/** Runs `exit 4`, whose script is staged at an address where no S3 answers. */
async function stagedRun(sh: string, PATH: string, address = "http://127.0.0.1:1"): Promise<WatchedRun> {
  const run = await watch({ sh, script: "exit 4", delivery: S3, address, containerEnv: { PATH } });
  expect(run.status).toMatchObject({ workers: [{ exitCode: 4 }] });
  return run;
}

const hangs = "exec sleep 3600";
const some = SHELLS.filter((shell) => /dash|busybox/.test(shell));

describe.each(some)("a way of delivery under %s", (sh) => {
  it.concurrent(
    "that neither computes nor answers is given up after 5 s, and after two of them no other is tried",
    async () => {
      const { PATH, tried } = withPrograms({ aws: hangs, curl: hangs, wget: hangs });
      const run = await stagedRun(sh, PATH, "http://x");
      expect(readFileSync(tried, "utf8")).toBe("aws\ncurl\n");
      expect(notes(run)).toEqual([
        "Fetching the script by aws s3 cp.",
        "Fetching the script by curl.",
        expect.stringMatching(
          /^Script typed into the session: boto3: ImportError: none here; aws s3 cp: no answer within 5 s; curl: no answer within 5 s; S3 can't/,
        ) as string,
      ]);
    },
  );

  it.concurrent(
    "that leaves nothing to be read is none, and its script is not taken for one that can't be checked",
    async () => {
      const { PATH } = withPrograms({ aws: "exit 0" });
      const run = await stagedRun(sh, PATH);
      expect(notes(run).join()).toContain("aws s3 cp: checksum mismatch");
      expect(notes(run).join()).not.toContain("is not checked");
    },
  );

  it.concurrent("that is refused by S3 is followed by all others", async () => {
    const refused = `echo "An error occurred (AccessDenied): 403 Forbidden" >&2; exit 22`;
    const { PATH, tried } = withPrograms({ aws: refused, curl: refused });
    const run = await stagedRun(sh, PATH);
    expect(readFileSync(tried, "utf8")).toBe("aws\ncurl\n");
    expect(notes(run)).toContain("Fetching the script by python3.");
  });

  it.concurrent.each([
    ["that lacks boto3 is told from", `raise ImportError("none here")`, "no-boto3"],
    ["that has boto3 without a right is", `raise OSError("An error occurred (403)")`, "download"],
  ] as const)("%s one whose script is only too large to be typed", async (_, boto3, code) => {
    const { PATH } = withPrograms({ aws: "exit 1", curl: "exit 22", wget: "exit 8" }, boto3);
    const script = `#${"x".repeat(LARGEST_TYPED_SCRIPT)}\n`;
    const { events } = await watch({
      ...{ sh, script, delivery: S3, address: "http://127.0.0.1:1", containerEnv: { PATH } },
    });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", code }));
  });

  if (sh !== "dash") return;
  it.concurrent("that still computes is not cut short", async () => {
    // No process but this one: a busy machine may leave it waiting for a processor, but it is never idle.
    const busy = `read -r now _ </proc/uptime; end=$((\${now%.*} + 7)); while [ "\${now%.*}" -lt "$end" ]; do read -r now _ </proc/uptime; done; exit 22`;
    const { PATH } = withPrograms({ aws: busy, curl: "exit 22" });
    const run = await stagedRun(sh, PATH);
    expect(notes(run).at(-1)).not.toContain("no answer");
  });
});
