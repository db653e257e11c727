import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARGEST_TYPED_SCRIPT } from "../../src/inputs/script.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { turnOf } from "../helpers/turns.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
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
      rmSync(join(PATH, "wget"), { force: true });
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

  it.concurrent.each(["busybox", "openssl", "sha256sum"])("is checked by %s alone", async (hasher) => {
    expect((await fetchByCurl([hasher], "exit 66\n")).join()).toContain("curl: checksum mismatch");
    expect((await fetchByCurl([hasher])).at(-1)).toMatch(/^Script fetched by curl/);
  });
});

const COUNT = /^fx_count_unreached\(\) \{.*?^\}/ms.exec(
  readFileSync(new URL("../../src/payload/container/loader.sh", import.meta.url), "utf8"),
);
/** The last words of botocore, the AWS CLI, curl and Python that do not show that S3 is unreachable. */
const REACHED = [
  `botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::123456789012:assumed-role/router-task/0123 is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::connect-artifacts/k"`,
  // The beginning of a long line is cut off.
  `outer-task/timeout is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::connect-artifacts/resolve" with an explicit deny`,
  'fatal error: An error occurred (404) when calling the HeadObject operation: Key "unreachable/k" does not exist',
  "botocore.exceptions.ClientError: An error occurred (RequestTimeout) when calling the GetObject operation: Your socket connection to the server timed out",
  "download failed: s3://connect-artifacts/timeout/k to resolve/payload Unable to locate credentials",
  "curl: (22) The requested URL returned error: 403",
  "curl: (60) SSL: no alternative certificate subject name matches target host name 'router.connect-artifacts.s3.amazonaws.com'",
  "urllib.error.HTTPError: HTTP Error 403: Forbidden",
  `botocore.exceptions.MetadataRetrievalError: Error retrieving metadata: Received error when attempting to retrieve container metadata: Connect timeout on endpoint URL: "http://169.254.170.2/v2/credentials"`,
  `fatal error: Error when retrieving credentials from container-role: Error retrieving metadata: Could not connect to the endpoint URL: "http://169.254.170.2/"`,
  "AssertionError: no credentials",
];
/** Those that show it. */
const UNREACHED = [
  `botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "https://metadata-store.s3.eu-west-1.amazonaws.com/k"`,
  `botocore.exceptions.ReadTimeoutError: Read timeout on endpoint URL: "https://credentials.s3.eu-west-1.amazonaws.com/k"`,
  `fatal error: Could not connect to the endpoint URL: "https://metadata-store.s3.eu-west-1.amazonaws.com/k"`,
  `botocore.exceptions.ProxyConnectionError: Failed to connect to proxy URL: "http://credentials:3128"`,
  `botocore.exceptions.ConnectionClosedError: Connection was closed before we received a valid response from endpoint URL: "https://metadata-store/"`,
  "curl: (5) Could not resolve proxy: metadata-proxy",
  "curl: (5) Couldn't resolve proxy name",
  "curl: (6) Could not resolve host: metadata-store.s3.eu-west-1.amazonaws.com",
  "curl: (7) Failed to connect to metadata-store.s3.amazonaws.com port 443 after 0 ms: Couldn't connect to server",
  "curl: (28) Connection timed out after 4001 milliseconds",
  "curl: (28) Resolving timed out after 4000 milliseconds",
  "curl: (28) Operation too slow. Less than 1 bytes/sec transferred the last 5 seconds",
  "curl: (28) SSL connection timeout",
  "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to metadata-store.s3.amazonaws.com:443",
  "curl: (52) Empty reply from server",
  "curl: (56) CONNECT tunnel failed, response 403",
  "curl: (56) Received HTTP code 403 from proxy after CONNECT",
  "curl: (56) Recv failure: Connection reset by peer",
  "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
  "urllib.error.URLError: <urlopen error [Errno 101] Network is unreachable>",
  "urllib.error.URLError: <urlopen error [Errno 113] No route to host>",
  "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>",
  "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
  "urllib.error.URLError: <urlopen error [Errno -2] Name does not resolve>",
  "OSError: Tunnel connection failed: 403 Forbidden",
  "http.client.RemoteDisconnected: Remote end closed connection without response",
  "TimeoutError: timed out",
  "timed out",
];

it.each(turnOf(SHELLS, 3))(
  "a program's last words show whether S3 is unreachable, whatever names are in them, under %s",
  (sh) => {
    const script = `${COUNT?.[0] ?? ""}
for words; do fx_unreached=0; fx_count_unreached "$words"; echo "$fx_unreached $words"; done`;
    const counted = runShell(sh, script, [...REACHED, ...UNREACHED])
      .toString()
      .trimEnd()
      .split("\n");
    expect(counted).toEqual([
      ...REACHED.map((words) => `0 ${words}`),
      ...UNREACHED.map((words) => `1 ${words}`),
    ]);
  },
);

const hangs = "exec sleep 3600";
const some = SHELLS.filter((shell) => /dash|busybox/.test(shell));

describe.each(some)("a way of delivery under %s", (sh) => {
  it.concurrent(
    "that neither computes nor answers is given up after 5 s, and after two such ways no other is tried",
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
    "that brings no file counts as failed, and not as one whose file can't be checked",
    async () => {
      const { PATH } = withPrograms({ aws: "exit 0" });
      const run = await stagedRun(sh, PATH);
      expect(notes(run).join()).toContain("aws s3 cp: checksum mismatch");
      expect(notes(run).join()).not.toContain("is not checked");
    },
  );

  it.concurrent("that S3 refuses is followed by all others", async () => {
    const words = "An error occurred (AccessDenied): role/router-task, connect-artifacts: 403 Forbidden";
    const refused = `echo "${words}" >&2; exit 22`;
    const { PATH, tried } = withPrograms({ aws: refused, curl: refused }, `raise OSError("${words}")`);
    const run = await stagedRun(sh, PATH);
    expect(readFileSync(tried, "utf8")).toBe("aws\ncurl\n");
    expect(notes(run)).toContain("Fetching the script by python3.");
  });

  it.concurrent.each([
    ["without boto3", `raise ImportError("none here")`, "no-boto3"],
    ["with boto3, but without a right", `raise OSError("An error occurred (403)")`, "download"],
  ] as const)("has its own refusal when the script is too large to be typed: %s", async (_, boto3, code) => {
    const { PATH } = withPrograms({ aws: "exit 1", curl: "exit 22", wget: "exit 8" }, boto3);
    const script = `#${"x".repeat(LARGEST_TYPED_SCRIPT)}\n`;
    const { events } = await watch({
      ...{ sh, script, delivery: S3, address: "http://127.0.0.1:1", containerEnv: { PATH } },
    });
    expect(events).toContainEqual(expect.objectContaining({ kind: "refused", code }));
  });

  if (sh !== "dash") return;
  it.concurrent("that still reads into its memory is not cut short", async () => {
    const slow = `import time\nread = []\nwhile len(read) < 35:\n    read.append(b"x" * 400_000)\n    time.sleep(0.2)\nraise OSError("An error occurred (403)")`;
    // The bootstrap's own call fails for want of a right. Then the loader calls once more, slowly.
    const once = `import os\nfirst = not os.path.exists("${directory}/called")\nopen("${directory}/called", "w")\nif first: raise OSError("An error occurred (403)")\n${slow}`;
    const path = withPrograms({ aws: "exit 22", curl: "exit 22", wget: "exit 8" }, once).PATH;
    const { events } = await watch({
      ...{ sh, script: "exit 4", delivery: S3, address: "http://127.0.0.1:1" },
      containerEnv: { PATH: path, AWS_CONFIG_FILE: "/etc/hostname" },
    });
    const said = notes({ events }).join();
    expect(said).toContain("Fetching the script by boto3 with the settings of the image.");
    expect(said).not.toContain("no answer within 5 s");
  });

  it.concurrent("that still computes is not cut short", async () => {
    // It starts no other process. A busy machine may let it wait for a processor, but it never sleeps.
    const busy = `read -r now _ </proc/uptime; end=$((\${now%.*} + 7)); while [ "\${now%.*}" -lt "$end" ]; do read -r now _ </proc/uptime; done; exit 22`;
    const { PATH } = withPrograms({ aws: busy, curl: "exit 22" });
    const run = await stagedRun(sh, PATH);
    expect(notes(run).at(-1)).not.toContain("no answer");
  });
});
