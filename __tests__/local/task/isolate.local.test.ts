import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { init } from "../../../local/python.ts";
import {
  asRoot,
  CommandRefused,
  isolate as byNamespaces,
  type IsolateOptions,
} from "../../../local/task/isolate.ts";
import { isolateByPodman as byPodman } from "../../../local/task/podman.ts";
import { processesBeside } from "../../../local/task/processes.ts";
import { withNeed } from "../../helpers/needs.ts";
import { eventually, inTime } from "../../helpers/until.ts";
import { runtimes } from "../runtimes.ts";

const options = {
  env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" },
  workdir: "/",
  user: undefined,
  hostname: "box.example",
  ip: "127.16.9.9",
  init: undefined,
} satisfies Partial<IsolateOptions>;

const ways = { own: byNamespaces, podman: byPodman };

describe.each(runtimes)("a container by %s", (runtime) => {
  const isolate = ways[runtime];

  async function outputOf(script: string, more: Partial<IsolateOptions> = {}): Promise<string> {
    const box = await isolate({ ...options, ...more, command: ["/bin/sh", "-c", script] });
    const output = await text(box.stdout);
    await box.exited;
    return output.trim();
  }

  it.each([
    ["is PID 1 and sees no other process", "for p in /proc/[0-9]*; do echo $p; done; :", "/proc/1"],
    [
      "has an empty /tmp, /run and /dev/shm",
      // The parts of a checkout below one of these that containers need for their python are mounted there.
      `ls -A /tmp /run/ /dev/shm | grep -v -e : -e '^mount$' -e '^$' -e '^${process.cwd().split("/")[2] ?? ""}$'`,
      "",
    ],
    [
      "has its host's name and address in its files",
      "echo $(cat /etc/hostname); grep -c '127.16.9.9[[:space:]]box' /etc/hosts",
      "box.example\n1",
    ],
    ["has its host's name", "uname -n", "box.example"],
    ["sees no mount of this machine", "grep -c fargate-nowhere /proc/mounts; ls -d /.host 2>/dev/null", "0"],
    ["has a terminal multiplexer of its own", "ls /dev/pts; test -c /dev/ptmx && echo char", "ptmx\nchar"],
    ["reads nothing from its standard input", "cat; echo end", "end"],
    ["has an empty home", "ls -A /home", ""],
  ])("%s", async (_name, script, expected) => {
    expect(await outputOf(script)).toBe(expected);
  });

  it("has exactly the given environment, odd names and line ends included", async () => {
    const env = {
      PATH: options.env.PATH,
      HOME: "/any",
      HOSTNAME: "box.example",
      "odd.name": "two\nlines",
      EMPTY: "",
    };
    const box = await isolate({ ...options, env, command: ["sleep", "60"] });
    const variables = readFileSync(`/proc/${box.pid}/environ`, "utf8").split("\0").slice(0, -1);
    process.kill(box.pid, "SIGKILL");
    expect(variables.sort()).toEqual(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
    expect(await box.exited).toBe(137);
  });

  it("writes to files of its own", async () => {
    const own = `/tmp/isolate-test-${process.pid}`;
    const shared = `/var/tmp/isolate-test-${process.pid}`;
    writeFileSync(shared, "of the host");
    try {
      expect(await outputOf(`echo box > ${own}; echo box > ${shared}; cat ${own} ${shared}`)).toBe(
        "box\nbox",
      );
      expect(existsSync(own)).toBe(false);
      expect(readFileSync(shared, "utf8")).toBe("of the host");
    } finally {
      rmSync(shared);
    }
  });

  it.each([0, 1, 127, 255])("ends with its status %d", async (status) => {
    const box = await isolate({ ...options, command: ["/bin/sh", "-c", `exit ${status}`] });
    expect(await box.exited).toBe(status);
  });

  it("starts in its working directory, which is created", async () => {
    expect(await outputOf("pwd", { workdir: "/srv/not/there/yet" })).toBe("/srv/not/there/yet");
  });

  it("has an init as PID 1, which leaves no zombie, when asked for one", async () => {
    const box = await isolate({
      ...options,
      init,
      command: ["/bin/sh", "-c", "(sleep 0 & exec true); exec sleep 60"],
    });
    const processes = () => processesBeside(box.pid).map(({ command }) => command);
    await eventually(processes, [expect.stringMatching(/^\/dev\/init /), "sleep 60"]);
    process.kill(box.pid, "SIGKILL");
    await box.exited;
  });

  it("ends with all processes that it has started", async () => {
    const script = "sleep 61 & setsid sleep 62 & echo up; wait";
    const box = await isolate({ ...options, command: ["/bin/sh", "-c", script] });
    await inTime("the first word of the box", once(box.stdout, "data"));
    const pids = processesBeside(box.pid).map(({ pid }) => pid);
    process.kill(box.pid, "SIGKILL");
    await box.exited;
    expect(pids.length).toBeGreaterThanOrEqual(3);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]);
  });

  it.each([
    ["no-such-program", `"no-such-program": executable file not found in $PATH`],
    ["/no/such", '"/no/such": stat /no/such: no such file or directory'],
  ])("is refused when %s does not exist", async (program, message) => {
    await expect(isolate({ ...options, command: [program] })).rejects.toThrow(new CommandRefused(message));
  });

  withNeed(
    it,
    "root",
    asRoot ? undefined : "these tests run as another user",
  )("runs as the given user, and still dies with its parent", async () => {
    expect(await outputOf("id -u; id -g", { user: "65534:1" })).toBe("65534\n1");
    // Docker's rule for a number that /etc/passwd does not have.
    expect(await outputOf("id -u; id -g", { user: "54321" })).toBe("54321\n0");
    // A user has no group of which it is no member.
    expect(await outputOf("id -G", { user: "nobody" })).toBe("65534");
    expect(await outputOf("id -G", { user: "nobody:daemon" })).toBe("1");
  });

  it("leaves no mount on this machine", async () => {
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    await outputOf("true");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
  });
});

it("a container has the files of a layer, and may change its copies", async () => {
  const layer = mkdtempSync("/var/tmp/layer-");
  try {
    mkdirSync(join(layer, "srv/shop"), { recursive: true });
    writeFileSync(join(layer, "srv/shop/version"), "1");
    const script = "cat version; echo 2 > version; cat version; ls /etc/hosts";
    const box = await byNamespaces({
      ...{ ...options, layer, workdir: "/srv/shop" },
      command: ["/bin/sh", "-c", script],
    });
    expect(await text(box.stdout)).toBe("12\n/etc/hosts\n");
    expect(readFileSync(join(layer, "srv/shop/version"), "utf8")).toBe("1");
  } finally {
    rmSync(layer, { recursive: true });
  }
});
