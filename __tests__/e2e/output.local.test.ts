import { createHash, randomBytes } from "node:crypto";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws, HEADER, jobLog, mainLog, processes } from "../helpers/local.ts";

let aws: Aws;
let task: Task;
/** The step whose script prints all parts, one after the other. */
let printed: StepResult;

const commands = [
  "::error::not an error",
  "::warning file=x.ts,line=1::not a warning",
  "::set-output name=exit-code::0",
  "::set-output name=injected::yes",
  "::save-state name=injected::yes",
  "::add-mask::visible",
  "::stop-commands::token",
  "::token::",
  "::debug::x",
  "::group::x",
  "##[error]old form",
  "##[set-output name=injected]yes",
  "##[add-mask]visible",
  "  ::error::indented",
  "a word of text ##[error]later in the line",
  "visible",
];

/** A part of the script, the lines that the log shows of it, and those of 'stdout' where they are others. */
interface Part {
  readonly run: string;
  readonly shown: readonly string[];
  readonly stdout?: readonly string[];
}
const texts = {
  "empty lines": { run: "printf '\\n\\nx\\n\\n'", shown: ["", "", "x", ""] },
  colours: {
    run: "printf '\\033[1;31mred\\033[0m and \\033[38;5;208morange\\033[0m\\n'",
    shown: ["\u001b[1;31mred\u001b[0m and \u001b[38;5;208morange\u001b[0m"],
  },
  "UTF-8 and tabs": { run: "printf 'größer\\t日本語\\t🚀\\n'", shown: ["größer\t日本語\t🚀"] },
  "trailing white space": { run: "printf ' a \\t\\n  \\n'", shown: [" a \t", "  "] },
  "text that looks like the action's own marks": {
    run: "printf '\\033]7733;. 1 exited 0=0:0\\007\\n\\033]7733;h\\007x\\n'",
    shown: ["\u001b]7733;. 1 exited 0=0:0\u0007", "\u001b]7733;h\u0007x"],
  },
  "no line end at the end": { run: "printf 'one\\ntwo'", shown: ["one", "two"] },
} satisfies Readonly<Record<string, Part>>;
const others = {
  "CR LF": {
    run: "printf 'one\\r\\ntwo\\r\\n'",
    shown: ["one", "two"],
    stdout: ["one\r", "two\r"],
  },
  "standard error": {
    run: "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; sleep 0.2; echo four >&2; sleep 0.2",
    shown: ["one", "two", "three", "four"],
    stdout: ["one", "three"],
  },
  commands: {
    run: `cat <<'END'\n${commands.join("\n")}\nEND\nprintf 'half\\r::error::after a CR\\r##[error]x\\n'`,
    // The log viewer reads ##[error] at the start of every line. A colour reset before it prevents that.
    shown: [...commands, "half", "::error::after a CR", "##[error]x"].map((line) =>
      line.replace(/^##\[/, "\u001b[0m##["),
    ),
    stdout: [...commands, "half\r::error::after a CR\r##[error]x"],
  },
} satisfies Readonly<Record<string, Part>>;
/** In the order of the script: the one without a line end is the last. */
const parts: Readonly<Record<string, Part>> = { ...others, ...texts };

/** The lines of a part in the log and in 'stdout'. */
function linesOf(name: string): { readonly shown: readonly string[]; readonly stdout: readonly string[] } {
  const before = Object.values(parts).slice(0, Object.keys(parts).indexOf(name));
  const part = (lines: readonly string[], length: (of: Part) => number): readonly string[] => {
    const from = before.reduce((sum, one) => sum + length(one), 0);
    const of = parts[name];
    return lines.slice(from, from + (of === undefined ? 0 : length(of)));
  };
  return {
    shown: part(jobLog(printed), ({ shown }) => shown.length),
    stdout: part((printed.outputs["stdout"] ?? "").split("\n"), ({ shown, stdout = shown }) => stdout.length),
  };
}

beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } });
  task = await aws.runningTask();
  const run = Object.values(parts).map((part) => part.run);
  printed = await aws.step({ task: task.id, run: run.join("\n") });
});

afterAll(() => aws.stop());

it("a script that prints is green, and nothing stands between what it has printed", () => {
  expect(printed.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
  const all = Object.values(parts);
  expect(jobLog(printed)).toHaveLength(all.flatMap(({ shown }) => shown).length);
  expect(printed.outputs["stdout"]).toBe(all.flatMap(({ shown, stdout = shown }) => stdout).join("\n"));
});

it.each(Object.entries(texts))("%s: shown and returned as printed", (name, { shown }) => {
  expect(linesOf(name)).toEqual({ shown, stdout: shown });
});

it("100,000 numbered lines arrive complete, in order and none twice", async () => {
  const result = await aws.step({ task: task.id, run: "seq -f 'line %.0f of many' 100000; exit 9" });
  expect(result.outputs).toMatchObject({ "exit-code": "9", outcome: "failed" });
  const lines = jobLog(result);
  expect(lines).toHaveLength(100_000);
  expect(lines.findIndex((line, at) => line !== `line ${at + 1} of many`)).toBe(-1);
  const stdout = (result.outputs["stdout"] ?? "").split("\n");
  expect(Buffer.byteLength(result.outputs["stdout"] ?? "")).toBeLessThanOrEqual(1024 * 1024);
  expect(Buffer.byteLength(result.outputs["stdout"] ?? "")).toBeGreaterThan(1024 * 1024 - 100);
  // The last MiB, so the first line may be cut.
  expect(stdout.slice(1)).toEqual(lines.slice(100_000 - stdout.length + 1));
});

it("a line that ends in CR LF is shown without the CR", () => {
  expect(linesOf("CR LF")).toEqual({ shown: ["one", "two"], stdout: ["one\r", "two\r"] });
});

it("standard error is shown in order with standard output, and is not in 'stdout'", () => {
  expect(linesOf("standard error")).toEqual({
    shown: ["one", "two", "three", "four"],
    stdout: ["one", "three"],
  });
});

it("what the script writes into GITHUB_OUTPUT and GITHUB_STEP_SUMMARY becomes the step's, redacted", async () => {
  const run = [
    'printf "version=4.2\\noutcome=succeeded\\nnotes<<E\\n::error::no\\r\\n$KEY\\nE\\n" >>"$GITHUB_OUTPUT"',
    'echo "# Worker $FARGATE_EXEC_WORKER of $KEY" >>"$GITHUB_STEP_SUMMARY"',
    'echo "me=$FARGATE_EXEC_WORKER" >>"$GITHUB_OUTPUT"; echo out; echo err >&2; exit 3',
  ].join("\n");
  const result = await aws.step({ task: task.id, run, workers: "2", secrets: "KEY=s3cr3t-key" });
  expect(result.outputs).toMatchObject({
    ...{ outcome: "failed", "exit-code": "3", "task-id": task.id },
    ...{ version: "4.2", notes: "::error::no\r\n***", me: "1" },
  });
  expect(result.outputs["stderr"]?.split("\n").toSorted()).toEqual(["[0] err", "[1] err"]);
  expect(JSON.parse(result.outputs["results"] ?? "")).toMatchObject([
    { task: 0, worker: 0, stdout: "out" },
    { task: 0, worker: 1, stdout: "out" },
  ]);
  expect(Number(result.outputs["duration"])).toBeGreaterThanOrEqual(0);
  expect(result.summary).toMatch(
    /#### From the script, worker 0\n\n# Worker 0 of \*\*\*\n[^]*# Worker 1 of \*\*\*\n/,
  );
  expect(result.annotations.map(({ message }) => message).join("\n")).toContain(
    "GITHUB_OUTPUT of worker 0: 'outcome' is an output of the action itself, and was not changed.",
  );
});

it.each(everyNth(["session", "bucket"], 2))(
  "files and a standard input are brought in, and artifacts back, by the %s",
  async (how) => {
    const bucket = how === "bucket" && { bucket: aws.world.made.bucket };
    const to = `/opt/brought-by-${how}`;
    const report =
      '<testsuite name="s"><testcase name="t"><failure>/app/in.txt:2: no</failure></testcase></testsuite>';
    const run = `cat; echo $?; cd ${to}; find . -type f; sha256sum <big; chmod 640 big; ln -sf big link; echo '${report}' >s.xml`;
    const brought = { stdin: "file:in.txt", files: `**=${to}\n!*.txt`, run };
    // By a session the bytes come as text that is typed, which takes long.
    const size = how === "bucket" ? 2_000_000 : 200_000;
    const big = randomBytes(size);
    const files = { "in.txt": "one\n\ttwo é", big, "config/.env": "TOKEN=1", ".git/config": "token" };
    const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
    const reports = `opt/**/*.xml\nnone.xml`;
    const back = { artifacts: `${to}/**\nnone.xml`, "artifacts-path": join(temp, "back"), reports };
    const inputs = { task: task.id, ...bucket, ...brought, ...back };
    const before = aws.world.local.requests.length;
    const result = await aws.step(inputs, { files, env: { RUNNER_TEMP: temp } });
    // With a bucket the archive goes into it in parts, which are then deleted.
    const reads = aws.world.local.requests
      .slice(before)
      .filter(({ operation }) => /^GET .*[/]part\.0(\?|$)/.test(operation));
    expect(reads.length > 0).toBe(how === "bucket");
    expect(await aws.objects()).toEqual([]);
    const sum = createHash("sha256").update(big).digest("hex");
    const at = join(result.outputs["artifacts-path"] ?? "", to);
    expect(readFileSync(join(at, "link")).equals(big)).toBe(true);
    expect([lstatSync(join(at, "big")).mode & 0o777, readlinkSync(join(at, "link"))]).toEqual([0o640, "big"]);
    rmSync(temp, { recursive: true });
    // The exit code is the script's, whatever its tests say.
    expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
    expect(result.outputs["tests"]).toBe('{"passed":0,"failed":1,"skipped":0,"flaky":0,"seconds":0}');
    expect(result.annotations).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^'none.xml' matches nothing in the container\.\nSee /) as string,
      }),
      expect.objectContaining({
        message: expect.stringMatching(/^'none.xml' of 'reports' matches no file .*\nSee /) as string,
      }),
      expect.objectContaining({
        level: "error",
        title: "t",
        message: "/app/in.txt:2: no",
        file: "in.txt",
        line: "2",
      }),
    ]);
    expect(result.log.join("\n")).toContain(`Artifacts: 3 files, ${size + 99} bytes, in `);
    expect(result.summary).toMatch(/\| Artifacts \| 3 files.*#### Tests: 1 failed.*\| Artifacts \| \d/s);
    expect(result.outputs["stdout"]).toBe(`one\n\ttwo é0\n./big\n${sum}  -`);
    expect(result.log.join("\n")).toMatch(
      /Left out of 'files'.*: (\.git, config\/\.env|config\/\.env, \.git)\./,
    );
  },
);

it("lines are shown while the job runs, with 'workflow-commands' they are obeyed, and a daemon that it leaves behind does not keep the step waiting", async () => {
  const daemons = (): number =>
    processes(task).filter(({ command }) => command.includes("while :; do sleep 5")).length;
  let [left, looks] = [0, 0];
  const run = `echo early; until [ -e /tmp/seen ]; do sleep 0.1; done; echo late
echo '::warning title=Tests::one is slow'; echo '::add-mask::hide-me'; echo hide-me
setsid sh -c 'while :; do sleep 5; done' &
echo last; exit 4`;
  const result = await aws.step(
    { task: task.id, timeout: "60s", "workflow-commands": "true", run },
    {
      onLine: (line) => {
        if (line === "early")
          writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/tmp/seen`, "");
        if (line === "last") looks = aws.calls("DescribeTasks", task.id).length;
      },
      beforePost: () => {
        left = daemons();
        looks -= aws.calls("DescribeTasks", task.id).length;
      },
    },
  );
  expect(result.outputs["exit-code"]).toBe("4");
  const own = ["early", "late", "***", "last"];
  expect(mainLog(result).filter((line) => own.includes(line))).toEqual(own);
  expect(
    result.annotations.map(({ level, title, message }) => [level, title, message.split("\n")[0]]),
  ).toEqual([
    ["warning", "Tests", "one is slow"],
    ["error", "fargate-exec: failed", expect.stringContaining("Exit code 4")],
  ]);
  expect(mainLog(result).join("\n")).not.toContain("hide-me");
  expect(left).toBe(1);
  // The step ends before it would look at its task again.
  expect(looks).toBe(0);
});

it("workflow commands in the output are printed, not obeyed", () => {
  expect(printed.conclusion).toBe("success");
  expect(printed.annotations).toEqual([]);
  expect(printed.outputs).not.toHaveProperty("injected");
  expect(printed.state).not.toHaveProperty("injected");
  const { shown, stdout } = linesOf("commands");
  expect(shown.map((line) => line.replace("\u001b[0m##[", "##["))).toEqual([
    ...commands,
    "half",
    "::error::after a CR",
    "##[error]x",
  ]);
  expect(shown.filter((line) => line.startsWith("##["))).toEqual([]);
  expect(stdout.slice(0, commands.length)).toEqual(commands);
});

it("the first line names task, container, image and workflow run, and is folded", () => {
  const log = mainLog(printed);
  const [title, header = "", end] = log.slice(log.findIndex((line) => HEADER.test(line)) - 1);
  expect([title, end]).toEqual([
    `##[group]The script runs in container 'app' of task ${task.id}`,
    "##[endgroup]",
  ]);
  for (const fact of [
    `task=${task.arn}`,
    "container=app",
    "image=public.ecr.aws/docker/library/python:3.13-slim",
    "cpu=0.5",
    "memory=1024",
    "url=https://github.com/example-org/shop/actions/runs/9876543210",
  ])
    expect(header).toContain(fact);
});

describe("a script file", () => {
  it("that fails is reported with its last words, on its line, with the page that says more", async () => {
    const run = { task: task.id, "script-file": "ops/job.sh" };
    const script = "echo one\n# two\nnosuchcommand --now\n";
    const result = await aws.step(run, { files: { "ops/job.sh": script } });
    const page = "https://github.com/org/fargate-exec/blob/v1/docs/errors.md#a-script-that-failed";
    expect(result.outputs["exit-code"]).toBe("127");
    expect(result.annotations).toEqual([
      {
        ...{ level: "error", title: "fargate-exec: failed", file: "ops/job.sh", line: "3" },
        message: expect.stringMatching(
          /^The script failed\. Exit code 127: .*\nLast line of standard error: \S+\/script: .*3: nosuchcommand: .*not found\nSee https:\S+$/,
        ) as string,
      },
    ]);
    expect(result.annotations[0]?.message).toContain(`See ${page}`);
    expect(result.summary).toContain(page);
    // Words of the script stand only where nothing is Markdown: its last line in a code span, and the block of its last lines.
    const [beforeLastLines = "", lastLines] = result.summary.split("```text\n");
    expect(beforeLastLines).toMatch(/^> `Last line of standard error: [^`]*nosuchcommand: [^`]*not found`$/m);
    expect(beforeLastLines.replaceAll(/`[^`]*`/g, "")).not.toContain("nosuchcommand");
    expect(lastLines).toContain("3: nosuchcommand");
  });

  itInSoak(
    "with Windows line ends runs unchanged after a warning, and in RUNNER_TEMP it is no file of the repository",
    async () => {
      const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
      try {
        const path = join(temp, "made.sh");
        writeFileSync(path, "echo one\r\nnosuchcommand\r\n");
        const result = await aws.step({ task: task.id, "script-file": path }, { env: { RUNNER_TEMP: temp } });
        expect(result.annotations.map(({ level }) => level)).toEqual(["warning", "error"]);
        expect(result.annotations[0]?.message).toMatch(/^The script '\S*made\.sh' has Windows line ends/);
        expect(result.annotations[1]).not.toHaveProperty("file");
        const log = mainLog(result);
        expect(log.findIndex((line) => line.startsWith("##[warning]The script"))).toBeLessThan(
          log.indexOf("one"),
        );
        expect(result.outputs).toMatchObject({ "exit-code": "127", stdout: "one" });
      } finally {
        rmSync(temp, { recursive: true });
      }
    },
  );
});

itInSoak("the runner obeys the action's own commands while it does not obey the job's output", async () => {
  const { local, made } = aws.world;
  const task = await aws.runningTask(undefined, made.kmsCluster);
  const go = "/tmp/go-on";
  const result = await aws.step(
    {
      cluster: made.kmsCluster,
      task: task.id,
      run: `echo begun; echo "::error::one"; until [ -e ${go} ]; do sleep 0.05; done; rm ${go}; echo "::error::two"`,
    },
    {
      env: { RUNNER_DEBUG: "1" },
      onLine: (line) => {
        const sessions = local.gateway.sessions.filter(({ target }) => target.includes(task.id));
        const [first] = sessions;
        if (line === "begun" && first)
          void local.inject({ session: { do: "close", session: first.sessionId } });
        // A line about the second session, which is opened while the job runs.
        if (/^##\[debug\]Session .* is set up/.test(line) && sessions.length > 1)
          writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root${go}`, "");
      },
    },
  );
  expect(result.outputs).toMatchObject({ outcome: "succeeded" });
  expect(result.annotations).toEqual([]);
  const log = mainLog(result);
  const from = log.indexOf("begun");
  const during = log.slice(from, log.indexOf("::error::two"));
  expect(during).toContain("::error::one");
  expect(during.join("\n")).toMatch(/^##\[debug\]Session .* is set up/m);
  expect(log.filter((line) => /^::(debug|warning)::/.test(line))).toEqual([]);
});
