import { createHash } from "node:crypto";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, mainLog, processes } from "../helpers/local.ts";
import { until } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
let task: Task;
let bucket: string;
let idle: readonly string[];

// Here commands get no credential variables, as under some agents. Only PID 1's environment leads to S3.
beforeAll(async () => {
  aws = await Aws.start({ hideCredentialsFromExec: true });
  task = await aws.runningTask();
  bucket = aws.world.made.bucket;
  await until(() => processes(task).some(({ command }) => command === "sleep 600"));
  idle = processes(task).map(({ command }) => command);
});

afterAll(() => aws.stop());

/** The first lines of a script that prints its own checksum. Anything may follow them. */
const ownChecksum = "sha256sum <\"$0\" | cut -d ' ' -f 1\nexit 0\n";
/** The line of the log that says how the script was delivered. */
const deliveryOf = (result: StepResult): string | undefined =>
  mainLog(result).find((line) => line.startsWith("Script "));
const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** 300 lines that a shell can read, with everything that a quoter, a terminal or a decoder could damage. */
function awkwardScript(): string {
  const awkward = [
    `echo 'single "double" \`back\` $HOME \\n' "double 'single' \\$HOME \\\\ \\"" # it's a "comment`,
    'x=$((1 + 2)); y=${x:-"$x"}; z="$(printf %s "$y" | sed \'s/3/"3"/g\')"; : "$x$y$z" $$ {{x}} {0} %s %% !!',
    "printf '%s\\n' 'größer — 日本語 🚀 \u00a0no-break \u0301combining \u202eright-to-left'",
    "\techo\t'tabs\tbetween\tand\tafter'\t",
    "echo 'a line with CR LF at its end' # \r",
    ": 'control \u0001\u0003\u0004\u0011\u0013\u001a\u001b[31m\u007f characters and the escape \u001b]7733;x\u0007'",
    "cat <<'END' >/dev/null\n  $kept `as` \\it is\n.\ntaken\nEND",
    `: ${"a line of more than four thousand bytes ".repeat(120)}`,
    "",
  ];
  const lines: string[] = [];
  while (lines.length < 300) lines.push(...(awkward[lines.length % awkward.length] ?? "").split("\n"));
  return `${ownChecksum.replace("exit 0\n", "")}cat "$0" | base64 -w 0\nexit 0\n${lines.join("\n")}`;
}

it("a script of 300 awkward lines arrives byte for byte over the session", async () => {
  const script = awkwardScript();
  expect(script.split("\n").length).toBeGreaterThanOrEqual(300);
  const result = await aws.step({ task: task.id, run: script });
  const { outputs } = result;
  expect(deliveryOf(result)).toContain("Script typed into the session: there is no bucket.");
  expect(outputs["exit-code"]).toBe("0");
  const [checksum, base64 = ""] = (outputs["stdout"] ?? "").split("\n");
  expect(Buffer.from(base64, "base64").toString()).toBe(script);
  expect(checksum).toBe(sha256(script));
});

it("a script of 5 MB with awkward lines arrives through S3, the command stays under 4 KiB, and the script has the task role's credentials, though the exec agent's environment doesn't lead to them", async () => {
  const script = [
    ownChecksum.replace("exit 0\n", 'echo "[$AWS_CONTAINER_CREDENTIALS_FULL_URI]"\nexit 0\n'),
    "# 0123456789 filler\n".repeat(250_000),
    awkwardScript(),
  ].join("");
  expect(script.length).toBeGreaterThan(5_000_000);
  const result = await aws.step(
    { task: task.id, bucket: `${bucket}/big`, "script-file": "ops/big.sh" },
    { files: { "ops/big.sh": script } },
  );
  expect(result.outputs["exit-code"]).toBe("0");
  const [checksum, address] = (result.outputs["stdout"] ?? "").split("\n");
  expect(checksum).toBe(sha256(script));
  expect(address).toMatch(/^\[http:.*\/v2\/credentials\/.+\]$/);
  // boto3 runs before the credentials of PID 1 are taken. The presigned URL needs none in the container.
  expect(deliveryOf(result)).toMatch(/^Script fetched by python3 \(boto3: .*NoCredentialsError/);
  const downloads = aws.calls(`GET /${bucket}/big/`);
  expect(downloads.filter(({ operation }) => operation.endsWith("/payload"))).toHaveLength(1);
  expect(await aws.objects("")).toEqual([]);
});

itInSoak(
  "without a bucket a script of nearly 1 MiB works, and a larger one is refused with one clear error and starts no task",
  async () => {
    /** A script of this size, which holds each byte, NUL and those that are no UTF-8 included. */
    const script = (size: number): Buffer => {
      const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 256 }, (_, at) => at)));
      bytes.write(ownChecksum);
      return bytes;
    };
    const before = aws.calls("RunTask").length;
    const [fits, exceeds] = await Promise.all([
      aws.step({ task: task.id, "script-file": "s" }, { files: { s: script(900_000) } }),
      aws.step({ ...aws.newTask(), "script-file": "s" }, { files: { s: script(1_100_000) } }),
    ]);
    expect(aws.calls("RunTask")).toHaveLength(before);
    expect(fits.outputs).toMatchObject({ "exit-code": "0", stdout: sha256(script(900_000)) });
    expect(exceeds.outputs).toMatchObject({ "exit-code": "", outcome: "not-started", "session-id": "" });
    expect(exceeds.conclusion).toBe("failure");
    expect(exceeds.annotations).toEqual([
      {
        level: "error",
        title: "fargate-exec: bad-input",
        message: expect.stringContaining("'bucket'") as string,
      },
    ]);
  },
);

itInSoak("'shell: bash' runs what sh can't, with GitHub's flags", async () => {
  const run = 'if [[ a == a ]]; then echo reached; fi\nfalse | true\necho "not reached"';
  const { outputs, annotations } = await aws.step({ task: task.id, shell: "bash", run });
  expect(outputs).toMatchObject({ "exit-code": "1", stdout: "reached" });
  expect(annotations.map(({ message }) => message).join()).not.toContain("doesn't have");
});

it("args, env and the shell's name arrive unchanged", async () => {
  const args = ["plain", "two words", "", 'it\'s $HOME `x` "y" \\z', "größer 🚀", "-n", "*"];
  const value = "a=b 'c' \"d\" $e `f` \\g é";
  const common = { task: task.id, args: args.join("\n"), env: `FROM_STEP\nODD=${value}` };
  const json =
    "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['ODD'], os.environ['FROM_STEP']]))";
  const env = { FROM_STEP: "two\nlines\n" };
  const [python, perl] = await Promise.all([
    aws.step({ ...common, shell: "python", run: json }, { env }),
    aws.step(
      { ...common, shell: "perl -w {0}", run: 'print join("|", @ARGV), "\\n$ENV{ODD}\\n$ENV{FROM_STEP}"' },
      { env },
    ),
  ]);
  expect(JSON.parse(python.outputs["stdout"] ?? "")).toEqual([args, value, env.FROM_STEP]);
  expect(perl.outputs["stdout"]).toBe(`${args.join("|")}\n${value}\ntwo\nlines`);
});

it("the working directory, standard input and the job's own variables are as documented, and a shebang is obeyed", async () => {
  const result = await aws.step({
    task: task.id,
    "working-directory": "/usr/lib",
    run: '#!/usr/bin/env bash\npwd; cat; readlink /proc/self/fd/0; echo "$CI $FARGATE_EXEC $FARGATE_EXEC_WORKER/$FARGATE_EXEC_WORKERS"; echo "$GITHUB_REPOSITORY $GITHUB_RUN_ID"; env | grep -c fx_; echo "${BASH_VERSION:+by bash}"',
  });
  expect(result.outputs["stdout"]).toBe(
    ["/usr/lib", "/dev/null", "true true 0/1", "example-org/shop 9876543210", "0", "by bash"].join("\n"),
  );
});

it("every command that AWS recorded was under 4 KiB and without the script, and nothing is left running", () => {
  const commands = aws.calls("ExecuteCommand").map(({ body }) => (body as { command: string }).command);
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const command of commands) {
    expect(Buffer.byteLength(command)).toBeLessThan(4096);
    expect(command).not.toMatch(/sha256sum|filler|\{\{|\$\$/);
  }
  expect(processes(task).map(({ command }) => command)).toEqual(idle);
});
