import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { WatchedJob } from "../helpers/watch.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");
/** Each shell, without its options and `bash --posix`. */
const EACH = SHELLS.filter((shell) => shell !== "bash --posix").map((shell) => shell.split(" ")[0] ?? "");
const PATIENCE = 60_000;

describe.each(everyNth(EACH, 2))("with 'user', in a container whose /bin/sh is %s,", (sh) => {
  asOthers.concurrent.each(["env", "secrets"])(
    "no program is run as root with a variable of '%s'",
    async (how) => {
      const container = await SharedContainer.start(sh);
      try {
        container.run("mkdir -m 1777 /tmp/seen");
        // With these the system's loader writes a file for each program that runs, as that program's user.
        const variables = { LD_DEBUG: "files", LD_DEBUG_OUTPUT: "/tmp/seen/by" };
        const script = "exec /usr/bin/python3 -I -S -c 'raise SystemExit(7)'";
        const job = new WatchedJob({
          within: container,
          sh: "/bin/sh",
          user: "1000",
          script,
          [how]: variables,
        });
        await job.attach().closed;
        container.run("ls -ln /tmp/seen >/tmp/listing");
        const owners = container
          .read("/tmp/listing")
          .split("\n")
          .flatMap((line) => /^-\S+ +\d+ (\d+) /.exec(line)?.[1] ?? []);
        expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 7 }] });
        expect([...new Set(owners)]).toEqual(["1000"]);
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );

  asOthers.concurrent(
    "arithmetic in a value is not evaluated as root",
    async () => {
      const container = await SharedContainer.start(sh);
      try {
        container.run("mkdir -m 777 /tmp/seen");
        const env = {
          OPTIND: "a[$(/usr/bin/id -u >>/tmp/seen/evidence)]",
          RANDOM: "a[$(id -u >>/tmp/seen/evidence)]",
        };
        const job = new WatchedJob({ within: container, sh: "/bin/sh", user: "1000", script: "exit 7", env });
        await job.attach().closed;
        expect(container.read("/tmp/seen/evidence").split("\n")).not.toContain("0");
        expect(job.status).toBeDefined();
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );
});
