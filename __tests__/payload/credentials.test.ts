import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS, shareOf } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { WatchedJob } from "../helpers/watch.ts";

const describeRoot = withNeed(describe, "root", asRoot ? undefined : "only root can be another user");
const PATIENCE = 300_000;
const PATH_OF_TASK = "/v2/credentials/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
/** The capabilities that a container has by default (Docker's source, oci/caps/defaults.go). */
const CAPABILITIES =
  "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap," +
  "+net_bind_service,+sys_chroot,+kill,+audit_write";

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
  /** The script's AWS variables. */
  readonly variables: string;
  readonly evidence: string;
  readonly exitCode: number | undefined;
}

/** Runs a script in a container whose exec agent has no credentials. PID 1 is another user's, and has these variables. */
async function runBeside(
  sh: string,
  ofPid1: Readonly<Record<string, string>>,
  mayTrace = false,
): Promise<Observation> {
  const container = await SharedContainer.start(sh, [], ofPid1);
  try {
    const capabilities = `${CAPABILITIES}${mayTrace ? ",+sys_ptrace" : ""}`;
    const job = new WatchedJob({
      within: {
        root: container.root,
        enter: [
          ...container.enter,
          ...["setpriv", `--bounding-set=${capabilities}`, "--inh-caps=-all", "--"],
        ],
      },
      sh: "/bin/sh",
      containerEnv: { PATH: "/usr/bin:/bin" },
      script: "env | grep ^AWS_ | sort; exit 3",
      shell: "/bin/sh {0}",
    });
    await job.attach().closed;
    return {
      variables: job.output("stdout").toString(),
      evidence: container.evidence,
      exitCode: job.status?.kind === "ended" ? job.status.workers[0]?.exitCode : undefined,
    };
  } finally {
    await container.stop();
  }
}

const shells = everyNth(CONTAINER_SHELLS, 3, 1);

describeRoot.each(shells)(
  "when PID 1 is another user's and the exec agent's commands have no credentials, under %s,",
  (sh) => {
    it.concurrent.each([
      ["as in any container", false],
      ["with CAP_SYS_PTRACE", true],
    ])(
      "the script has the path of the credentials that PID 1 has, %s",
      async (_, mayTrace) => {
        const seen = await runBeside(sh, { [RELATIVE]: PATH_OF_TASK }, mayTrace);
        expect(seen).toEqual({ exitCode: 3, variables: `${RELATIVE}=${PATH_OF_TASK}\n`, evidence: "" });
      },
      PATIENCE,
    );

    it.concurrent.each(everyNth(shareOf(sh, shells, OTHER_PATHS), 3))(
      "no other path, no address and no key of PID 1 is taken: %s",
      async (_, value) => {
        const keys = { AWS_ACCESS_KEY_ID: "ASIAEXAMPLE000000000", AWS_SECRET_ACCESS_KEY: "secret" };
        const address = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:9000${PATH_OF_TASK}` };
        const tokens = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "token", AWS_SESSION_TOKEN: "token" };
        const ofPid1 = { [RELATIVE]: value, ...keys, ...address, ...tokens };
        expect(await runBeside(sh, ofPid1)).toEqual({ exitCode: 3, variables: "", evidence: "" });
      },
      PATIENCE,
    );
  },
);
