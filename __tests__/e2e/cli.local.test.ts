import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import type { Task } from "../../local/task/task.ts";
import { Aws, type Inputs, processes } from "../helpers/local.ts";
import {
  runToEnd,
  installPackage,
  type InstalledPackage,
  runCli,
  runModule,
  type CliEnd,
  type CliRequest,
} from "../helpers/npm-package.ts";
import { ShellUser } from "../helpers/shell-user.ts";
import { withNeed } from "../helpers/needs.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** A Node.js 20 of this machine, the oldest that the package supports. */
const node20 = ["/usr/bin/node", "/usr/local/bin/node"].find(isNode20) ?? "";
const onNode20 = withNeed(itInSoak, "node-20", node20 === "" ? "there is no Node.js 20 in /usr" : undefined);

let aws: Aws;
let installed: InstalledPackage;
let task: Task;
let stopped: readonly Task[];

beforeAll(async () => {
  // Bundling the package takes 20 s of processor time.
  installed = installPackage(process.env["EVERY_ROW"] === "1" ? "whole" : "doors");
  aws = await Aws.start();
  task = await aws.runningTask();
  // These tests have tasks of their own, so that they keep no place from the others.
  stopped = await Promise.all(
    ["piped", "interrupted", "copied", "forwarded", "kept", "shell"].map(() => aws.runningTask()),
  );
});

afterAll(async () => {
  await aws.stop();
  installed.remove();
});

/** A user of `fargate-exec shell`. */
const openShell = (inputs: Inputs, words: readonly string[]): ShellUser =>
  new ShellUser(aws, installed, inputs, words);

/** Runs a command line in the task that the tests share, unless the inputs name another. */
const cli = (words: readonly string[], { inputs = {}, ...more }: Partial<CliRequest> = {}) =>
  runCli(aws, installed, { inputs: { task: task.id, ...inputs }, words, ...more });

function isNode20(path: string): boolean {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 && stdout.startsWith("v20.");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const plain = (lines: string): readonly string[] =>
  lines.split("\n").filter((line) => !line.startsWith("fargate-exec: "));

it("ends with the script's exit code, and says what it does in plain lines, by npx in a folder that has nothing but the package", async () => {
  const npx = ["npx", "--offline", "--no-install", "fargate-exec"];
  const words = ["--env", "MESSAGE=two\nlines", "--", "sh", "-c", 'echo "$MESSAGE" >&2; exit 7'];
  const { exitCode, stderr } = await cli(words, { program: npx });
  expect([exitCode, stderr]).toEqual([7, expect.stringContaining("error: The script failed. Exit code 7.")]);
  expect(plain(stderr).slice(0, 2)).toEqual(["two", "lines"]);
  expect(stderr).toMatch(/^fargate-exec: Looking at task /);
  expect(stderr).not.toContain("\x1b");
});

it("gives the script its own standard input by '--stdin -', and both streams byte for byte, apart from each other and from its own words", async () => {
  writeFileSync(join(installed.folder, "dump.sql"), Buffer.from("\0select\xff\r\nb", "latin1"));
  const program = ["sh", "-c", 'exec "$0" "$@" <dump.sql', installed.program];
  const words = ["--quiet", "--stdin", "-", "--", "sh", "-c", "cat; printf 'first\\nlast' >&2"];
  const { exitCode, stdout, stderr } = await cli(words, { program });
  expect([exitCode, stdout.toString("latin1"), stderr]).toEqual([0, "\0select\xff\r\nb", "first\nlast"]);
});

it("ends with 125 when the outputs of a script that succeeded can't be written in the end", async () => {
  const { exitCode, stderr } = await cli(["--outputs-file", "/dev/full", "-"], { stdin: "exit 0" });
  expect([exitCode, stderr.trim().split("\n").at(-1)]).toEqual([
    125,
    "fargate-exec: error: The outputs are lost, because the file of --outputs-file can't be written: ENOSPC: no space left on device, write",
  ]);
});

onNode20("nothing warns on Node.js 20 when a run has many tasks", async () => {
  const subnets = aws.world.made.subnets.join(",");
  const inputs = { "task-definition": aws.world.made.taskDefinition, subnets, tasks: "11" };
  const program = [node20, join(installed.folder, "node_modules/fargate-exec/dist/bin.js")];
  const run = { inputs, program, words: ["--run", "sleep 1; echo on"] };
  const { exitCode, stderr } = await runCli(aws, installed, run);
  expect(stderr).not.toContain("Warning");
  expect(exitCode).toBe(0);
});

itInSoak(
  "copies from a kept task, and opens a shell in it with the directory and variables of its script, although the task's definition was deleted",
  async () => {
    const image = {
      image: "example/app:1",
      subnets: aws.world.made.subnets.join(","),
      "task-role": "demo-task",
    };
    const start = {
      inputs: { ...image, "keep-task": "always", "working-directory": "/srv" },
      words: ["--env", "MODE=a job's", "--secrets", "TOKEN=secret-word", "--run", "echo kept >left"],
    };
    const kept = await runCli(aws, installed, start);
    expect([kept.exitCode, kept.stderr]).toEqual([0, expect.stringContaining("Deregistering")]);
    const id = /Task (\w+) is kept/.exec(kept.stderr)?.[1] ?? "";
    const to = join(installed.folder, "left");
    const copied = await cli([":/srv/left", to], { inputs: { task: id }, command: "cp" });
    expect([copied.exitCode, copied.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(readFileSync(to, "utf8")).toBe("kept\n");
    const words = ["--", "sh", "-c", 'echo "$PWD-$MODE-$FARGATE_EXEC-$TOKEN-"'];
    const user = openShell({ task: id }, words);
    await user.sees("/srv-a job's-true--\r\n");
    expect(await user.ended).toMatchObject({ exitCode: 0 });
  },
);

it("has colours on a terminal, and none with NO_COLOR", async () => {
  const terminal = resolve(import.meta.dirname, "../helpers/terminal.py");
  const onTerminal = ["python3", "-I", terminal, installed.program];
  const env = { TERM: "xterm-256color" };
  const wrong = ["--workers", "none", "--", "false"];
  const coloured = await cli(wrong, { program: onTerminal, env });
  const plainly = await cli(wrong, { program: onTerminal, env: { ...env, NO_COLOR: "1" } });
  expect(coloured.stdout.toString()).toContain("fargate-exec: \x1b[31merror:\x1b[0m ");
  expect(plainly.stdout.toString()).toMatch(/^fargate-exec: error: .*workers/m);
});

/** Waits until no process in this task has these words in its command. */
const untilGone = (at: Task | undefined, words: string): Promise<void> =>
  eventually(() => at && processes(at).filter(({ command }) => command.includes(words)).length, 0);

itInSoak.concurrent("stops the job when nothing reads its output any more", async () => {
  const [at] = stopped;
  const line = `"$0" "$@" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const program = ["bash", "-c", line, installed.program];
  const { stdout, stderr } = await cli(["--", "yes", "piped"], { inputs: { task: at?.id ?? "" }, program });
  expect(stdout.toString()).toBe("piped\n130\n");
  expect(stderr).toContain(
    "Nothing reads the output of the job any more, so the job is stopped: write EPIPE",
  );
  await untilGone(at, "yes piped");
});

it.concurrent(
  "stops the job at a SIGINT, also when npm sends it once more; ends at the second one, and says what is unfinished",
  async () => {
    const [, at] = stopped;
    let sent = 0;
    let isOn = false;
    const { exitCode, stderr } = await cli([], {
      inputs: { task: at?.id ?? "", run: "trap '' TERM INT; echo begun; while :; do sleep 0.1; done" },
      onOutput: ({ stdout, stderr: said }, child) => {
        const isDue = sent === 0 ? stdout.includes("begun") : sent === 1 && said.includes("Cancelled");
        if (!isDue) return;
        sent += 1;
        // A second SIGINT at once counts as the same key press.
        if (sent === 1) isOn = child.kill("SIGINT") && child.kill("SIGINT");
        else
          setTimeout(() => {
            isOn &&= child.exitCode === null;
            child.kill("SIGINT");
          }, 500);
      },
    });
    expect([isOn, exitCode]).toEqual([true, 130]);
    expect(stderr).toContain("fargate-exec: Cancelled: stopping what this run started.");
    expect(stderr).toMatch(
      /warning: Left before this was done:\nfargate-exec: {3}Stopping the job in container 'app'/,
    );
  },
);

itInSoak(
  "detaches from a script when a file gets its handle, shows what it has printed, and attaches to it again",
  async () => {
    const script = ["--", "sh", "-c", "echo first; sleep 61; echo last; exit 7"];
    const path = join(installed.folder, "left.json");
    const { bucket } = aws.world.made;
    const left = await cli(["--detach", "--outputs-file", path, "--env", "MODE=a job's", ...script], {
      inputs: { bucket, "working-directory": "/srv" },
    });
    expect([left.exitCode, statSync(path).mode & 0o777]).toEqual([0, 0o600]);
    const outputs = readFileSync(path, "utf8");
    const { handle } = JSON.parse(outputs) as { handle: string };
    expect(left.stderr).not.toContain(handle.slice(4, 60));
    const by = { inputs: { handle }, stdin: outputs };
    const logs = () => cli(["-"], { ...by, command: "logs" });
    // The container uploads what has been printed within a second.
    let shown = await logs();
    await eventually(async () => {
      if (shown.stdout.length === 0) shown = await logs();
      return [shown.exitCode, shown.stdout.toString()];
    }, [0, "first\n"]);
    expect(shown.stderr).toContain("The script had not ended when its container uploaded this");
    // A shell beside the job has its directory and its variables. The handle says where it is.
    const beside = openShell({ task: task.id, bucket }, [
      "--job",
      path,
      "--",
      "sh",
      "-c",
      'echo "$PWD-$MODE-"',
    ]);
    await beside.sees("/srv-a job's-\r\n");
    expect(await beside.ended).toMatchObject({ exitCode: 0 });
    process.kill(processes(task).find(({ command }) => command === "sleep 61")?.pid ?? NaN);
    const { exitCode, stdout } = await cli(["-"], { ...by, command: "attach" });
    expect([exitCode, stdout.toString()]).toEqual([7, "first\nlast\n"]);
    const late = await logs();
    expect([late.exitCode, late.stdout.toString()]).toEqual([125, ""]);
    expect(late.stderr).toContain("Nothing of the output of this job is in the bucket.");
  },
);

itInSoak.concurrent(
  "copies a tree into a container and back, though nothing reads what it says",
  async () => {
    const [, , at] = stopped;
    const folder = join(installed.folder, "copies");
    const names = ["a b.txt", `it's "é".bin`, "new\nline", "-n/.hidden", "d=x/*/[e]"];
    for (const name of names) {
      const path = join(folder, "tree", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, randomBytes(20_000), { mode: 0o640 });
    }
    mkdirSync(join(folder, "tree/empty"), { recursive: true });
    chmodSync(join(folder, "tree"), 0o700);
    utimesSync(join(folder, "tree"), 1_000_000_000, 1_000_000_000);
    const cp = (inputs: Inputs, ...words: string[]) =>
      cli(words, { inputs: { task: at?.id ?? "", ...inputs }, command: "cp" });
    const line = `{ "$0" "$@" 2>&1 >&3 | true; } 3>&1; echo "\${PIPESTATUS[0]}"`;
    const unread = ["bash", "-c", line, installed.program];
    const into = await cli([join(folder, "tree"), ":/srv/copied/"], {
      ...{ inputs: { task: at?.id ?? "" }, command: "cp", program: unread },
    });
    expect(into.stdout.toString()).toBe("0\n");
    const back = await cp({ bucket: aws.world.made.bucket }, ":/srv/copied/tree", `${folder}/back`);
    expect([back.exitCode, back.stdout.toString()]).toEqual([0, ""]);
    const listed = (directory: string): string =>
      execFileSync("sh", [
        ...[
          "-c",
          "cd \"$1\" && { find . -printf '%p %m %s %y %Ts\\n'; find . -type f -exec sha256sum {} +; } | sort",
        ],
        ...["sh", join(folder, directory)],
      ]).toString();
    expect(listed("back")).toBe(listed("tree"));
  },
);

it.concurrent(
  "forwards a port of this machine into the task while a command runs, over a cut, and ends with its code",
  async () => {
    const far = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => far.listen(0, "127.0.0.1", resolve));
    const { port } = far.address() as AddressInfo;
    const go = join(installed.folder, "go");
    const script = `exec 3<>/dev/tcp/127.0.0.1/$FARGATE_EXEC_PORT; echo hello >&3; head -1 <&3; until [ -e "$0" ]; do sleep 0.1; done; echo again >&3; head -1 <&3; exit 7`;
    const { id = "" } = stopped[3] ?? {};
    const { local } = aws.world;
    let wasCut = false;
    const { exitCode, stdout, stderr } = await cli(
      ["-L", `:127.0.0.1:${port}`, "--", "bash", "-c", script, go],
      {
        inputs: { task: id },
        command: "forward",
        onOutput: (soFar) => {
          if (wasCut || !soFar.stdout.includes("hello")) return;
          wasCut = true;
          // The service ends the session, so that a new one has to go on.
          const session =
            local.gateway.sessions.findLast(({ target }) => target.includes(id))?.sessionId ?? "";
          void local.inject({ session: { do: "close", session } }).then(() => writeFileSync(go, ""));
        },
      },
    );
    far.close();
    expect([exitCode, stdout.toString()]).toEqual([7, "hello\nagain\n"]);
    expect(stderr).toMatch(
      /leads to 127\.0\.0\.1:\d+\..*The forward carried 1 connection, 12 bytes there and 12 back, over 1 cut/s,
    );
    expect(stderr).not.toContain("error:");
  },
);

itInSoak.concurrent("keeps a forward until Ctrl-C, and leaves no session", async () => {
  const far = createServer((socket) => {
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => far.listen(0, "127.0.0.1", resolve));
  const { port } = far.address() as AddressInfo;
  const { id = "" } = stopped[4] ?? {};
  let wasPressed = false;
  const kept = await cli(["-L", `:127.0.0.1:${port}`], {
    ...{ inputs: { task: id }, command: "forward" },
    onOutput: ({ stderr }, child) => {
      if (wasPressed || !stderr.includes("leads to")) return;
      wasPressed = true;
      child.kill("SIGINT");
    },
  });
  expect(kept.exitCode).toBe(130);
  expect(kept.stderr).toContain("The forward carried 0 connections, 0 bytes there and 0 back, over 0 cuts.");
  expect(kept.stderr).not.toContain("error:");
  const { gateway } = aws.world.local;
  const isOpen = (): boolean => gateway.sessions.some(({ target, ended }) => target.includes(id) && !ended);
  await eventually(isOpen, false);
  far.close();
});

const EDITOR = "/usr/bin/vim";

itInSoak.concurrent(
  "opens a shell on a terminal, with its size, full-screen programs, a large paste and interrupts, over a cut, and ends with its code",
  async () => {
    const { id = "" } = stopped[5] ?? {};
    const outputs = join(installed.folder, "shell.json");
    const user = openShell({ task: id }, ["--env", "WORD=it's ä", "--outputs-file", outputs]);
    await user.sees("~. leaves, ~? says more.");
    await user.types("PS1='ne''xt: '; printf '<%s>' \"$WORD\"\r", "<it's ä>");
    await user.sees("next: ");
    user.resize(40, 101);
    // The new size comes to the container by itself.
    await user.types(
      'until [ "$(stty size)" = "40 101" ]; do sleep 0.1; done; echo re\'\'sized\r',
      "resized\r\n",
    );
    if (existsSync(EDITOR)) {
      await user.types("vim -u NONE -n /srv/typed\r", `typed" [New`);
      await user.types("iö typed\x1b:wq\r", "written");
      await user.types("cat /srv/typed\r", "ö typed\r\n");
    }
    await user.types("top\r", "load average");
    await user.types("q", "next: ");
    const lines = `${"x".repeat(3_000)}\n`.repeat(35);
    await user.types(`cat >/srv/pasted; sha256sum /srv/pasted\r${lines}\x04`, sha256(lines));
    const { local } = aws.world;
    const session = local.gateway.sessions.findLast(({ target }) => target.includes(id))?.sessionId ?? "";
    await user.types("yes\r", "y\r\ny\r\n");
    await local.inject({ session: { do: "close", session } });
    await eventually(() => local.gateway.sessions.filter(({ target }) => target.includes(id)).length, 2);
    await user.types("\x03echo stop''ped\r", "stopped\r\n");
    await user.types("exit 7\r", "terminal restored");
    expect(await user.ended).toMatchObject({ exitCode: 7, stderr: "" });
    expect(JSON.parse(readFileSync(outputs, "utf8"))).toMatchObject({ "exit-code": "7", "task-id": id });
    await eventually(
      () => local.gateway.sessions.filter(({ target, ended }) => target.includes(id) && !ended).length,
      0,
    );
  },
);

it("is a module, too, whose result says how the run ended", async () => {
  const env = { PATH: process.env["PATH"] ?? "", ...aws.world.local.env, ...aws.keysFor({ task: task.id }) };
  const inputs = {
    cluster: aws.world.made.cluster,
    task: task.id,
    run: 'echo "$A"; exit 3',
    env: { A: "x\ny" },
  };
  const source = `
    import { runOnFargate } from "fargate-exec";
    const phases = [];
    const result = await runOnFargate(${JSON.stringify(inputs)}, { log: { phase: (title) => phases.push(title) } });
    const { outcome, exitCode, outputs, error } = result;
    console.log(JSON.stringify([outcome, exitCode, outputs.stdout, error.code ?? null, error.message, phases.length > 2]));
    const wrong = await runOnFargate({ workers: 0 });
    console.log(JSON.stringify([wrong.outcome, wrong.exitCode ?? null, wrong.error.code]));
  `;
  const { stdout, stderr } = await runModule(installed, source, env);
  expect(stderr).toBe("");
  const lines = stdout.toString().trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    ["failed", 3, "x\ny", null, "The script failed. Exit code 3.", true],
    ["not-started", null, "bad-input"],
  ]);
});

itInSoak.concurrent("brings the local Fargate along, in which a command runs", async () => {
  const { folder, program } = installed;
  const file = join(folder, "node_modules/fargate-exec/dist/local/cli.js");
  const script = `"$0" run --quiet --cluster demo --service web -- sh -c 'cat; echo "in a task of $FARGATE_EXEC"; exit 9'`;
  const { exitCode, stdout, stderr } = await runToEnd(
    spawn(process.execPath, [file, "--", "sh", "-c", script, program], {
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, FARGATE_LOCAL_VENV: resolve(".venv") },
    }),
  );
  expect([exitCode, stdout.toString()]).toEqual([9, "in a task of true\n"]);
  expect(stderr).toMatch(/^fargate-exec: error: The script failed. Exit code 9\.\n.*\n$/);
});

itInSoak("holds nothing of the runner's toolkit, and no path of this machine", () => {
  const dist = join(installed.folder, "node_modules/fargate-exec/dist");
  const scripts = readdirSync(dist).filter((name) => name.endsWith(".js"));
  expect(scripts).toContain("package.js");
  for (const name of scripts) {
    const bundle = readFileSync(join(dist, name), "utf8");
    // Texts of the part of this action that knows the runner, and of its library.
    expect(bundle).not.toMatch(/GITHUB_STATE|add-mask|ACTIONS_ID_TOKEN|@actions\/|stop-commands/);
    expect(bundle).not.toContain(resolve(import.meta.dirname, "../.."));
  }
});

describe("--resume", () => {
  const script = 'echo "runs $FARGATE_EXEC_ITEM"; [ "$FARGATE_EXEC_ITEM" != "$SLOW" ] || sleep 60';
  const ran = ({ stdout }: Pick<CliEnd, "stdout">): string[] =>
    (stdout.toString().match(/^runs .*$/gm) ?? []).map((line) => line.slice("runs ".length)).toSorted();
  const log = (): string => readFileSync(join(installed.folder, "items.log"), "utf8");

  /** Runs items in a new task. The value of a secret does not count for what is run again, so it says which item takes long. */
  const run = (slow: string, more: Partial<CliRequest> = {}): Promise<CliEnd> =>
    runCli(aws, installed, {
      inputs: { ...aws.newTask(), run: script, items: "a\nb\nc\nd", secrets: "SLOW" },
      words: ["--resume", "items.log"],
      env: { SLOW: slow },
      ...more,
    });

  itInSoak("goes on where an interrupted run has ended, and runs nothing when nothing is left", async () => {
    let second: Promise<CliEnd> | undefined;
    const first = await run("c", {
      onOutput: (output, child) => {
        if (second !== undefined || !ran(output).includes("c")) return;
        second = run("c");
        void second.then(() => child.kill("SIGINT"));
      },
    });
    expect(first.exitCode).toBe(130);
    const refused = await second;
    expect([refused?.exitCode, refused?.stderr]).toEqual([
      125,
      expect.stringContaining("another process uses it."),
    ]);
    const ends = log()
      .split("\n")
      .flatMap((line) => /"item":"(.)".*"outcome":"(\w+)"/.exec(line)?.slice(1).join(" ") ?? []);
    expect(ends).toEqual(["a succeeded", "b succeeded", "c cancelled"]);

    const resumed = await run("none");
    expect(resumed.stderr).toContain(
      `2 of 4 items succeeded in run 1 of ${join(installed.folder, "items.log")}, and are not run again.`,
    );
    expect([resumed.exitCode, ran(resumed)]).toEqual([0, ["c", "d"]]);

    const again = await run("none");
    expect(again.stderr).toContain("4 of 4 items succeeded in earlier runs, and are not run again.");
    expect([again.exitCode, ran(again)]).toEqual([0, []]);
  });

  it("is refused before any call of AWS with a file of something else", async () => {
    const file = join(installed.folder, "package.json");
    const before = readFileSync(file, "utf8");
    const refused = await run("none", { words: ["--resume", "package.json"] });
    expect([refused.exitCode, refused.stderr]).toEqual([
      125,
      expect.stringContaining("its line 1 is none that fargate-exec writes."),
    ]);
    expect(refused.stderr).not.toContain("Started task");
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});
