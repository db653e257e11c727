import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS, shareOf } from "../helpers/shells.ts";
import { turnOf } from "../helpers/turns.ts";
import { WatchedJob } from "../helpers/watch.ts";

const describeRoot = withNeed(describe, "root", asRoot ? undefined : "only root can be another user");
const PATIENCE = 300_000;
const VENV = realpathSync(fileURLToPath(new URL("../../.venv/bin", import.meta.url)));
const ENDPOINTS = readFileSync(
  fileURLToPath(new URL("../helpers/task-endpoints.py", import.meta.url)),
  "utf8",
);
const PATH_OF_TASK = "/v2/credentials/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
/** The capabilities that a container has by default (Docker's source, oci/caps/defaults.go). */
const CAPABILITIES =
  "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap," +
  "+net_bind_service,+sys_chroot,+kill,+audit_write";
const GIVEN = { PATH: `${VENV}:/usr/bin:/bin`, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9000" };

const OTHER_PATHS = [
  "@127.0.0.1:9000/v2/credentials/0",
  "//127.0.0.1:9000/v2/credentials/0",
  `http://127.0.0.1:9000${PATH_OF_TASK}`,
  "/v2/credentials/../metadata",
  "/v2/credentials/",
  "/v3/credentials/0",
  `${PATH_OF_TASK}?x`,
  `${PATH_OF_TASK}\nx`,
  `x\n${PATH_OF_TASK}`,
  "/v2/credentials/$(id>/tmp/evidence)",
  "/v2/credentials/0;id>/tmp/evidence",
].map((value): [string, string] => [JSON.stringify(value), value]);

interface Observation {
  readonly notes: string;
  /** The script's AWS variables, without the endpoint that the container gives to every command. */
  readonly variables: string;
  readonly requests: string;
  readonly evidence: string;
  /** All events of the terminal. A failed assertion shows them. */
  readonly events: WatchedJob["events"];
  readonly status: WatchedJob["status"];
}

/** Runs a script in a container whose exec agent has no credentials. PID 1 is another user's, and has these variables. */
async function runBeside(
  sh: string,
  ofPid1: Readonly<Record<string, string>>,
  more: { readonly mayTrace?: boolean; readonly bucket?: boolean } = {},
): Promise<Observation> {
  const container = await SharedContainer.start(sh, [], ofPid1);
  try {
    const files = [`${container.root}/tmp/object`, `${container.root}/tmp/requests`] as const;
    writeFileSync(files[1], "");
    const capabilities = `${CAPABILITIES}${more.mayTrace === true ? ",+sys_ptrace" : ""}`;
    const endpoints = [
      "/usr/bin/python3",
      "-I",
      "-S",
      "-c",
      ENDPOINTS,
      PATH_OF_TASK,
      "/tmp/object",
      "/tmp/requests",
    ];
    const job = new WatchedJob({
      within: {
        root: container.root,
        enter: [
          ...[...container.enter, "unshare", "--net", "--", ...endpoints],
          ...["setpriv", `--bounding-set=${capabilities}`, "--inh-caps=-all", "--"],
        ],
      },
      sh: "/bin/sh",
      containerEnv: GIVEN,
      script: "env | grep ^AWS_ | grep -v ^AWS_ENDPOINT_URL_S3= | sort; exit 3",
      shell: "/bin/sh {0}",
      ...(more.bucket !== false && {
        delivery: { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" },
        address: "http://127.0.0.1:1/none",
      }),
    });
    writeFileSync(files[0], job.payload.bytes);
    await job.attach().closed;
    return {
      notes: job.events.flatMap((event) => (event.kind === "note" ? [event.text] : [])).join("\n"),
      variables: job.output("stdout").toString(),
      requests: container.read("/tmp/requests"),
      evidence: container.evidence,
      status: job.status,
      events: job.events,
    };
  } finally {
    await container.stop();
  }
}

const shells = turnOf(CONTAINER_SHELLS, 3, 1);

describeRoot.each(shells)(
  "when PID 1 is another user's and the exec agent's commands have no credentials, under %s,",
  (sh) => {
    // Not with the others at once: boto3 has five seconds, and a busy machine needs some of them to start it.
    it.each([
      ["as in any container", false],
      ["with CAP_SYS_PTRACE", true],
    ])(
      "boto3 fetches the script with the credentials at the path that PID 1 has, %s",
      async (_, mayTrace) => {
        const seen = await runBeside(sh, { [RELATIVE]: PATH_OF_TASK }, { mayTrace });
        expect(seen.status).toMatchObject({ workers: [{ exitCode: 3 }] });
        expect(seen.notes).toContain("Script fetched by boto3 with the credentials of PID 1 (");
        expect(seen.variables).toBe(`${RELATIVE}=${PATH_OF_TASK}\n`);
        expect(seen.requests).toBe(`${PATH_OF_TASK}\n/example-ci/k\n`);
      },
      PATIENCE,
    );

    it.concurrent(
      "the script has that path without a bucket, too",
      async () => {
        const seen = await runBeside(sh, { [RELATIVE]: PATH_OF_TASK }, { bucket: false });
        expect(seen.variables).toBe(`${RELATIVE}=${PATH_OF_TASK}\n`);
      },
      PATIENCE,
    );

    it.concurrent.each(shareOf(sh, shells, OTHER_PATHS))(
      "no other path, no address and no key of PID 1 is taken: %s",
      async (_, value) => {
        const keys = { AWS_ACCESS_KEY_ID: "ASIAEXAMPLE000000000", AWS_SECRET_ACCESS_KEY: "secret" };
        const address = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:9000${PATH_OF_TASK}` };
        const tokens = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "token", AWS_SESSION_TOKEN: "token" };
        const ofPid1 = { [RELATIVE]: value, ...keys, ...address, ...tokens };
        const seen = await runBeside(sh, ofPid1, { bucket: false });
        expect(seen).toMatchObject({
          status: { workers: [{ exitCode: 3 }] },
          variables: "",
          evidence: "",
        });
      },
      PATIENCE,
    );
  },
);
