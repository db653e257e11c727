import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS, shareOf } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { WatchedJob, type WatchOptions } from "../helpers/watch.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root has other users' processes");
const PATIENCE = 60_000;
const VENV = realpathSync(fileURLToPath(new URL("../../.venv/bin", import.meta.url)));
/** A program that notes as which user it runs. It calls others by absolute paths, since PATH may lead to itself. */
const EVIL =
  '#!/bin/sh\necho "$0: $(/usr/bin/id -u)" >>/tmp/evidence; /usr/bin/chmod 666 /tmp/evidence\nexit 1\n';
/** The directory of the system's Python 3 below `lib`. */
const LIBRARY = execFileSync("/usr/bin/python3", ["-c", "import os; print(os.__file__.split('/')[-2])"])
  .toString()
  .trim();
const S3 = { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" } as const;

/** Runs a script in a container that `setUp` has prepared, when another user has these files. */
async function runIn(
  sh: string,
  setUp: string,
  theirs: Readonly<Record<string, string>>,
  options: Partial<WatchOptions> = {},
): Promise<{ job: WatchedJob; notes: string; evidence: string }> {
  const container = await SharedContainer.start(sh);
  try {
    for (const [file, content] of Object.entries(theirs)) container.give(file, content);
    container.run(setUp);
    const job = new WatchedJob({
      within: container,
      sh: "/bin/sh",
      containerEnv: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      shell: "/bin/sh -e {0}",
      script: "exit 6",
      ...options,
    });
    await job.attach().closed;
    const notes = job.events.flatMap((event) => (event.kind === "note" ? [event.text] : []));
    return { job, notes: notes.join("\n"), evidence: container.evidence };
  } finally {
    await container.stop();
  }
}

const ENDED = { kind: "ended", workers: [{ exitCode: 6 }] };
const NEEDED =
  "cat chmod chown cut date dd df grep head ls mkdir mkfifo mv rm rmdir sed sleep stty tail tr".split(" ");
const OTHERS = "python3 curl wget setsid env awk gzip base64 sha256sum openssl id stat".split(" ");
/** The programs that a job can do without. */
const DISPENSABLE = "python3 curl wget gzip base64 openssl".split(" ");
const THEIRS = Object.fromEntries([...NEEDED, ...OTHERS].map((name) => [`/opt/venv/bin/${name}`, EVIL]));
const LINK = "ln -s bin /opt/venv/by; chown -h 1000 /opt/venv/by; chown 1000 /opt/venv";

/** How a program at this path becomes one that the other user can replace. */
const ways: readonly (readonly [string, (path: string, name: string) => string])[] = [
  ["a link to a program of theirs", (path, name) => `ln -sf /opt/venv/bin/${name} ${path}`],
  ["a link through a link of theirs", (path, name) => `ln -sf /opt/venv/by/${name} ${path}`],
  ["a file of theirs", (path, name) => `rm -f ${path}; cp -p /opt/venv/bin/${name} ${path}`],
  [
    "a file that everybody may write to",
    (path, name) => `rm -f ${path}; cp /opt/venv/bin/${name} ${path}; chown 0 ${path}; chmod 757 ${path}`,
  ],
];

const shells = everyNth(CONTAINER_SHELLS, 3, 2);

describe.each(shells)("a program in a directory of root, under %s,", (sh) => {
  asOthers.concurrent.each(everyNth(shareOf(sh, shells, ways), 4))(
    "is passed over for the next one in PATH when it is %s",
    async (_, replace) => {
      // The container does not share /opt/local/bin with this machine.
      const names = [...NEEDED, ...OTHERS];
      const setUp = [LINK, "mkdir -p /opt/local/bin", ...names.map((n) => replace(`/opt/local/bin/${n}`, n))];
      const seen = await runIn(sh, setUp.join("\n"), THEIRS, {
        containerEnv: { PATH: "/opt/local/bin:/usr/bin:/bin" },
        delivery: S3,
        address: "http://127.0.0.1:1",
      });
      expect(seen.evidence).toBe("");
      expect(seen.job.status).toMatchObject(ENDED);
    },
    PATIENCE,
  );

  asOthers.concurrent.each(everyNth(shareOf(sh, shells, ways, 1), 4, 1))(
    "counts as absent when it is %s, and a note names it",
    async (_, replace) => {
      const setUp = [LINK, ...DISPENSABLE.map((name) => replace(`/usr/bin/${name}`, name))];
      const seen = await runIn(sh, setUp.join("\n"), THEIRS, {
        containerEnv: { PATH: "/bin" },
        delivery: S3,
        address: "http://127.0.0.1:1",
      });
      expect(seen.evidence).toBe("");
      expect(seen.job.status).toMatchObject(ENDED);
      expect(seen.notes).toContain("boto3: another user can replace /bin/python3");
      expect(seen.notes).toMatch(
        /^Programs that are not run, because another user of the container can replace them: (?=.*\/bin\/python3\b).*\/bin\/curl/m,
      );
    },
    PATIENCE,
  );

  asOthers.concurrent.each(everyNth(shareOf(sh, shells, ways, 2), 4, 2))(
    "is named, and no program is run, when every image needs it and it is %s",
    async (_, replace) => {
      const seen = await runIn(sh, `${LINK}\n${replace("/bin/tail", "tail")}`, THEIRS, {
        containerEnv: { PATH: "/bin" },
      });
      expect(seen.evidence).toBe("");
      expect(seen.job.events).toEqual([{ kind: "echo", replaceable: "/bin/tail" }]);
    },
    PATIENCE,
  );

  asOthers.concurrent.each(
    shareOf(sh, shells, [
      ["ls", {}],
      // Only `ls` finds owners, and so this one is found.
      ["grep", { replaceable: "/bin/grep" }],
    ] as const),
  )(
    "is not used to find the owners of the others when it is another user's: %s",
    async (name, found) => {
      const seen = await runIn(
        sh,
        `rm /usr/bin/${name}; cp -p /opt/venv/bin/${name} /usr/bin/${name}`,
        THEIRS,
        {
          containerEnv: { PATH: "/bin" },
        },
      );
      expect(seen.evidence).toBe("");
      expect(seen.job.events).toEqual([{ kind: "echo", ...found }]);
    },
    PATIENCE,
  );

  asOthers.concurrent(
    "is used to find the owners of the others, also when neither /usr/bin nor /bin has it",
    async () => {
      const setUp = [
        "mkdir -p /opt/tools",
        "for name in ls grep; do cp /usr/bin/$name /opt/tools; done; rm /usr/bin/ls /usr/bin/grep",
      ];
      const seen = await runIn(sh, setUp.join("\n"), THEIRS, {
        containerEnv: { PATH: "/opt/venv/bin:/usr/bin:/bin:/opt/tools" },
      });
      expect(seen.evidence).toBe("");
      expect(seen.job.status).toMatchObject(ENDED);
    },
    PATIENCE,
  );
});

const packagesOfTheirs: readonly (readonly [string, string, string])[] = [
  ["of the distribution", "/usr/lib/python3/dist-packages", "boto3.py"],
  ["in /usr/local", `/usr/local/lib/${LIBRARY}/dist-packages`, "boto3.py"],
  ["in /usr/local, as Python starts", `/usr/local/lib/${LIBRARY}/dist-packages`, "any.pth"],
];

asOthers.each(everyNth(packagesOfTheirs, 3, 2))(
  "python3 fetches nothing by packages %s that another user can replace",
  async (_, packages, file) => {
    const module = `import os; open("/tmp/evidence", "a").write(f"{os.getuid()}\\n")\n`;
    const seen = await runIn(
      "dash",
      `chown -R 1000 ${packages}`,
      { [`${packages}/${file}`]: module },
      {
        containerEnv: { PATH: "/bin" },
        delivery: S3,
        address: "http://127.0.0.1:1",
      },
    );
    expect(seen.evidence).toBe("");
    expect(seen.job.status).toMatchObject(ENDED);
    expect(seen.notes).toContain(
      `boto3: another user can replace ${packages.replace(/^\/usr\/lib/, "/lib")}`,
    );
  },
  PATIENCE,
);

asOthers.each(shells)(
  "python3 counts as absent when another user can replace its library, under %s",
  async (sh) => {
    const library = `/usr/lib/${LIBRARY}`;
    const module = `import os; open("/tmp/evidence", "a").write(f"{os.getuid()}\\n")\n`;
    const seen = await runIn(sh, `chown -R 1000 ${library}`, {
      [`${library}/collections/__init__.py`]: module,
    });
    expect(seen.evidence).toBe("");
    expect(seen.job.status).toMatchObject(ENDED);
    expect(seen.notes).toMatch(/^Programs that are not run, because another user .*: \/usr\/bin\/python3\./m);
  },
  PATIENCE,
);

describe("a variable of the image that names a file", () => {
  const PATH = `${VENV}:/usr/bin:/bin`;
  const files = (directory: string): Record<string, string> => ({
    [`${directory}/evil`]: EVIL,
    [`${directory}/config`]: `[default]\ncredential_process = ${directory}/evil\n`,
    [`${directory}/wgetrc`]: `use_askpass = ${directory}/evil\noutput_document = /tmp/evidence\n`,
    [`${directory}/openssl.cnf`]: [
      "openssl_conf = init",
      "[init]\nproviders = all",
      "[all]\nevil = evil",
      `[evil]\nmodule = ${directory}/evil.so\nactivate = 1\n`,
    ].join("\n"),
    [`${directory}/sitecustomize.py`]: `open("/tmp/evidence", "a").write("imported\\n")\n`,
  });
  const variables = (directory: string): Record<string, string> => ({
    AWS_CONFIG_FILE: `${directory}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${directory}/config`,
    WGETRC: `${directory}/wgetrc`,
    PYTHONPATH: `/usr/lib/none:${directory}`,
    SSLKEYLOGFILE: `${directory}/keys`,
  });

  asOthers.concurrent.each([
    ["boto3", PATH],
    ["python3 and curl", "/usr/bin:/bin"],
  ])(
    "of another user is not obeyed when the script is fetched by %s",
    async (_, path) => {
      const seen = await runIn("dash", ":", files("/opt/theirs"), {
        containerEnv: { PATH: path, ...variables("/opt/theirs") },
        delivery: S3,
        address: "http://127.0.0.1:9/none",
        script: 'printf "%s %s" "$AWS_CONFIG_FILE" "$PYTHONPATH"; exit 6',
      });
      expect(seen.evidence).toBe("");
      expect(seen.job.status).toMatchObject(ENDED);
      expect(seen.job.output("stdout").toString()).toBe("/opt/theirs/config /usr/lib/none:/opt/theirs");
    },
    PATIENCE,
  );
});
