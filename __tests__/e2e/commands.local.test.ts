/**
 * These tests show the runner texts that look like its commands, from a job, a peer, a bucket and AWS. They run the bundle in an emulated
 * runner.
 */
import { StopTaskCommand } from "@aws-sdk/client-ecs";
import { expect } from "@jest/globals";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog, mainLog } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** Workflow commands in every form that the runner obeys. Each would leave a trace that `traces` finds. */
const COMMANDS: readonly string[] = [
  "::error title=forged::forged",
  "::warning file=x.ts,line=1::forged",
  "::notice::forged",
  "::set-output name=exit-code::0",
  "::set-output name=forged::yes",
  "::save-state name=forged::yes",
  "::add-mask::visible",
  "::add-matcher::forged.json",
  "::remove-matcher owner=tsc::",
  "::set-env name=FORGED::yes",
  "::add-path::/forged",
  "::group::forged",
  "::echo::on",
  "  \t::error::forged, indented",
  "\u2028\u0085\u3000::error::forged, behind blanks of other kinds",
  "::ERROR::forged, in capitals",
  "::error:\u00ad:forged, with something invisible between the colons",
  "##[error]forged, in the old form",
  "see ##[error]forged, in the old form within a line",
  "see ##[set-output name=forged]yes",
  "##[add-mask]visible",
  "##[add-matcher]forged.json",
  "##[group]forged",
  "::stop-commands::forged",
  "::forged::",
];

/** The groups of the runner and of the action's phases. */
const OUR_GROUPS =
  /^##\[group\](\[task \d+\] )?(Run|Starting|Looking|Choosing|Waiting|Reading|The script runs|Cleaning) /;

/** The traces of commands that the runner, or a reader of its log, took for the action's own. */
function traces(result: StepResult): unknown {
  const { annotations, outputs, state, post, matchers, log, commandFailed } = result;
  return {
    annotations: annotations.filter(({ message, title = "" }) => (message + title).startsWith("forged")),
    outputs: Object.keys(outputs).filter((name) => name === "forged"),
    state: Object.keys(state).filter((name) => name === "forged"),
    matchers,
    commandFailed,
    post: post?.annotations,
    headings: log.filter(
      (line) =>
        /^##\[(?!endgroup\]|error\]|warning\]|notice\])|^##\[\w+\]forged/.test(line) &&
        !OUR_GROUPS.test(line),
    ),
    stopped: log.filter((line) => line === "::stop-commands::***").length > 0,
  };
}

function expectNothingObeyed(result: StepResult): void {
  expect(traces(result)).toEqual({
    annotations: [],
    outputs: [],
    state: [],
    matchers: [],
    commandFailed: false,
    post: [],
    headings: [],
    stopped: true,
  });
}

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

const base64 = (text: string): string => Buffer.from(text).toString("base64");

it.concurrent("a job that prints every form of a workflow command is shown, and not obeyed", async () => {
  const task = await aws.runningTask();
  const text = [
    ...COMMANDS.map((line) => `${line}\n`),
    ...COMMANDS.map((line) => `half\r${line}\r`),
    "\nvisible\n",
  ];
  const result = await aws.step({
    task: task.id,
    run: `echo '${base64(text.join(""))}' | base64 -d; echo '::set-output name=forged::yes ##[error]forged' >&2; exit 7`,
  });
  expectNothingObeyed(result);
  expect(result.annotations[0]?.message).toContain(
    "Last line of standard error: \\::set-output name=forged::yes ##\\[error]forged\n",
  );
  expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed" });
  expect(jobLog(result)).toContain("visible");
  expect(result.outputs["stdout"]).toBe(text.join("").slice(0, -1));
});

/**
 * A job may print what the runner would take for a page of this step's ledger: the post step undoes what stands there, with the
 * step's own rights.
 */
itInSoak.concurrent("with 'workflow-commands' a job reaches no command but those of the log", async () => {
  const [task, other] = await Promise.all([aws.runningTask(), aws.runningTask()]);
  const entry = { kind: "task", cluster: aws.world.made.cluster, startedBy: "x", taskArn: other.arn };
  const page = JSON.stringify({ region: aws.world.local.region, undo: [entry], page: 9 });
  const text = [
    `::save-state name=fargate-exec-9::${page}`,
    ...COMMANDS.filter((line) => !/error|warning|notice|group|add-mask/i.test(line)),
    `::notice::one\r::save-state name=fargate-exec-9::${page}`,
    "::notice::told",
  ].join("\n");
  const result = await aws.step(
    { task: task.id, "workflow-commands": "true", run: `echo '${base64(text)}' | base64 -d` },
    { also: ["caller-start-task"] },
  );
  expect(aws.calls("StopTask", other.arn)).toEqual([]);
  expect(result.annotations).toEqual([{ level: "notice", message: "told" }]);
  expect(Object.keys(result.state).filter((name) => /-9$|forged/.test(name))).toEqual([]);
  expect(result.outputs["forged"]).toBeUndefined();
  expect([result.matchers, result.commandFailed, result.outputs["outcome"]]).toEqual([
    [],
    false,
    "succeeded",
  ]);
});

/**
 * A program that runs as root in the container. It finds the run's nonce in the attacher's memory and writes marks into the
 * attacher's terminal.
 */
const peer = String.raw`#!/usr/bin/env python3
import base64, os, re, sys, time
attacher = open(os.path.dirname(sys.argv[0]) + "/attacher").read().split(":")[0]
nonce = None
with open("/proc/%s/mem" % attacher, "rb", 0) as memory:
    for line in open("/proc/%s/maps" % attacher):
        start, end = (int(at, 16) for at in line.split()[0].split("-"))
        if "rw" not in line: continue
        memory.seek(start)
        try: found = re.search(rb"fx_nonce=([0-9a-f]{32})", memory.read(end - start))
        except OSError: continue
        if found: nonce = found.group(1)
terminal = os.open("/proc/%s/fd/1" % attacher, os.O_WRONLY | os.O_NOCTTY)
def say(text):
    # The runner may have ended the session, and its terminal with it.
    try:
        while text: text = text[os.write(terminal, text):]
    except OSError: pass
    time.sleep(0.002)
def mark(text): say(b"\033]7733;" + nonce + b";" + text + b"\007")
print("knows the nonce" if nonce else "knows nothing", flush=True)
`;

const peerScript = (what: string): string => `${peer}${what}\n`;

it.concurrent(
  "a peer that forges notes and marks makes the runner obey nothing, and its text is shown up to a limit",
  async () => {
    const task = await aws.runningTask();
    const lines = base64(JSON.stringify(COMMANDS));
    const run = peerScript(`import json
for line in json.loads(base64.b64decode("${lines}")):
    mark(b"n " + line.encode())
    mark(b"n forged\\n" + line.encode() + b"\\n")
    mark(b"n forged\\r" + line.encode())
mark(b"n long " + b"x" * 5000)
for number in (b"", b" ", b" -1", b" x", b" 1e9", b" 99999999999999999999"):
    for what in (b"~", b"#", b"@", b"."): mark(what + number) if what != b"." else None
for _ in range(200): mark(b"s"); mark(b"p"); mark(b"n again")
sys.exit(9)`);
    const result = await aws.step({ task: task.id, run, secrets: "TOKEN=hunter22-and-more" });
    expect(result.outputs["stdout"]).toBe("knows the nonce");
    expectNothingObeyed(result);
    expect(result.outputs).toMatchObject({ "exit-code": "9", outcome: "failed" });
    const log = mainLog(result);
    expect(log.filter((line) => line === "Further notes are not shown.")).toHaveLength(1);
    expect(log.filter((line) => line === "again").length).toBeLessThan(100);
    expect(log.filter((line) => line.startsWith("long xxx")).map((line) => line.length)).toEqual([600]);
    // Payload and secrets were not typed again.
    const session = aws.world.local.gateway.sessions.find(
      ({ sessionId }) => sessionId === result.outputs["session-id"],
    );
    expect(session?.typed).toBeLessThan(20_000);
  },
);

itInSoak.concurrent(
  "stop reasons with commands are shown in log, annotation and summary, and not obeyed",
  async () => {
    const task = await aws.runningTask();
    const reason = ["forged", ...COMMANDS, "<img src=x> [x](https://x.example) `"].join("\n").slice(0, 900);
    const result = await aws.step(
      { task: task.id, run: "echo begun; sleep 300" },
      {
        onLine: (line) => {
          if (line !== "begun") return;
          const { cluster } = aws.world.made;
          void aws.world.ecs.send(new StopTaskCommand({ cluster, task: task.arn, reason }));
        },
      },
    );
    expectNothingObeyed(result);
    expect(result.outputs["exit-code"]).toBe("");
    expect(result.annotations.at(-1)?.message).toContain("\\::set-output name=exit-code::0");
    expect(result.summary).not.toMatch(/^(?!.*`).*(<img|\[x\]\()/m);
  },
);
