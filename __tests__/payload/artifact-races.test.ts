import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import type { WatchOptions } from "../helpers/watch.ts";
import { bringBack } from "./bring-back.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root has other users' processes");
const PATIENCE = 120_000;

/** Exchanges two names of one directory as another user, by renameat2(2) with RENAME_EXCHANGE. */
const EXCHANGE = `#!/usr/bin/python3 -IS
import ctypes, os, sys
os.setgroups([]); os.setresgid(1000, 1000, 1000); os.setresuid(1000, 1000, 1000)
os.chdir(sys.argv[1])
sys.exit(-ctypes.CDLL(None).renameat2(-100, sys.argv[2].encode(), -100, sys.argv[3].encode(), 2))
`;
/** Programs without python3. Their tar lets the other user win the race between the list and the archive. */
const withTar = (
  tar: string,
): string => `mkdir /opt/bin; ln -s /usr/bin/* /opt/bin; rm /opt/bin/python3* /opt/bin/tar
cat >/opt/bin/tar <<'END'
#!/bin/sh
[ "$1" != -c ] || [ ! -e /srv/race ] || /srv/exchange /srv/app sub evil
exec ${tar} "$@"
END
chmod 755 /opt/bin/tar`;
const TARS = [
  ["GNU tar", withTar("/usr/bin/tar")],
  ["busybox's tar", withTar("/usr/bin/busybox tar")],
] as const;
/** An application's directory, and in it a link to a directory with a key of root. */
const APP = `mkdir -p /srv/app/sub /srv/app/work /srv/secret; chmod 700 /srv/secret; chmod 755 /srv /srv/app
for d in app/sub app/work; do echo theirs >/srv/$d/key; done; echo roots >/srv/secret/key; chmod 600 /srv/secret/key
ln -s /srv/secret /srv/app/evil; chown -hR 1000:1000 /srv/app`;

/** Runs a job. Gives the contents of the files that came back, and the problems that were reported. */
async function bring(
  setUp: string,
  globs: string,
  options: Omit<WatchOptions, "within">,
): Promise<readonly [string, string]> {
  const back = mkdtempSync(join(tmpdir(), "fx-races-"));
  const container = await SharedContainer.start("dash");
  try {
    container.run(`${APP}\ncat >/srv/exchange <<'END'\n${EXCHANGE}END\nchmod 755 /srv/exchange\n${setUp}`);
    const within = { within: container, sh: "/bin/sh", containerEnv: { PATH: "/opt/bin:/usr/bin:/bin" } };
    const { report, job } = await bringBack(globs, back, { ...within, ...options });
    expect(job.status).toMatchObject({ workers: [{ exitCode: 0 }] });
    const read = (name: string): string => {
      try {
        return readFileSync(join(back, name), "utf8");
      } catch {
        return "";
      }
    };
    return [
      read("sub/key") + read("key") + read("srv/app/sub/key") + read("srv/ours/f"),
      (report?.problems ?? []).join("\n"),
    ];
  } finally {
    await container.stop();
    rmSync(back, { recursive: true, force: true });
  }
}

describe("artifacts, when another user exchanges a directory for a link to root's files meanwhile,", () => {
  asOthers.concurrent.each(TARS)(
    "are left out by name, and nothing of theirs comes: %s",
    async (_, setUp) => {
      const containerEnv = { PATH: "/opt/bin" };
      const script = ": >/srv/race; mkdir /srv/ours; echo ours >/srv/ours/f";
      const why =
        "can't be read: another user of the container can replace what is on its way, and the image has no python3.";
      for (const [globs, top] of [
        ["sub", "sub"],
        ["/srv/app/sub\n/srv/ours", "/srv/app/sub"],
      ] as const)
        expect(await bring(setUp, globs, { containerEnv, workingDirectory: "/srv/app", script })).toEqual([
          globs === top ? "" : "ours\n",
          `'${top}' ${why}\n'${top}/key' ${why}`,
        ]);
    },
    PATIENCE,
  );

  asOthers.concurrent.each([
    ["python3", ":", "/usr/bin"],
    [...TARS[0], "/opt/bin"],
  ])(
    "do not come when that directory is the working directory: %s",
    async (_, setUp, PATH) => {
      const [key, said] = await bring(setUp, "*", {
        containerEnv: { PATH },
        workingDirectory: "/srv/app/work",
        script: "/srv/exchange /srv/app work evil",
      });
      expect(key).toBe("");
      expect(said).toMatch(
        /^'(key|[/]srv[/]app[/]work)' can't be read: .*another user of the container can (have put there|replace).*\.$/,
      );
    },
    PATIENCE,
  );

  asOthers.concurrent(
    "do not come when a tool that packs them prints a line that is too long for a record",
    async () => {
      const long =
        "rm /opt/bin/sort; printf '%s\\n' '#!/bin/sh' 'head -c 4000000 /dev/zero | tr \"\\0\" f; echo' >/opt/bin/sort; chmod 755 /opt/bin/sort";
      const as = { containerEnv: { PATH: "/opt/bin" }, workingDirectory: "/srv" };
      expect(await bring(`${TARS[0][1]}\n${long}`, "app", { ...as, script: ":" })).toEqual([
        "",
        "The artifacts did not come whole: the container did not send them.",
      ]);
    },
    PATIENCE,
  );

  asOthers.concurrent(
    "come when they belong to that user, and are read as that user",
    async () => {
      const as = { containerEnv: { PATH: "/opt/bin" }, user: "1000", workingDirectory: "/srv/app" };
      expect(await bring(TARS[1][1], "sub", { ...as, script: ":" })).toEqual(["theirs\n", ""]);
    },
    PATIENCE,
  );
});
