import { createHash } from "node:crypto";
import { everyNth } from "../helpers/every-nth.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import type { Task } from "../../local/task/task.ts";

let aws: Aws;
let task: Task;

beforeAll(async () => {
  aws = await Aws.start();
  task = await aws.runningTask();
});
afterAll(() => aws.stop());

/** Variables of the step's environment that a job must not see. */
const runners = {
  ACTIONS_RUNTIME_TOKEN: "the-runtime-token-of-this-job",
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: "the-request-token-of-this-job",
  GITHUB_TOKEN: "the-github-token-of-this-job",
  NPM_TOKEN: "the-npm-token-of-another-step",
};

describe("a commit message of several lines", () => {
  const lines = [
    ["AWS_SECRET_ACCESS_KEY", "env"],
    ["INPUT_RUN", "env"],
    ["NPM_TOKEN", "env"],
    ["LD_PRELOAD=/tmp/evil.so", "env"],
    ["ACTIONS_RUNTIME_TOKEN", "secrets"],
  ] as const;
  it.concurrent.each(everyNth(lines, 5, 3))("brings no %s into the job by '%s'", async (line, input) => {
    const { env } = aws.world.local;
    const result = await aws.step(
      { task: task.id, run: "env; echo begun", [input]: `MESSAGE=Mend the docs\n\n${line}` },
      { env: runners },
    );
    expect(result).toMatchObject({ conclusion: "failure", outputs: { outcome: "not-started" } });
    expect(result.annotations.map(({ title }) => title)).toEqual(["fargate-exec: bad-input"]);
    // The runner prints the step's inputs and variables before the step's own log.
    const own = result.rawLog.slice(result.rawLog.indexOf("##[endgroup]") + 1).join("\n");
    for (const value of [...Object.values(runners), env["AWS_SECRET_ACCESS_KEY"] ?? "?"])
      expect(own).not.toContain(value);
  });

  it.concurrent("arrives whole by a JSON object, or by a bare name", async () => {
    const message = 'Mend "the docs"\n\nNPM_TOKEN\nLD_PRELOAD=/tmp/evil.so\n\tü 💥 \\n $HOME `id`\n';
    const run = `for value in "$MESSAGE" "$OTHER"; do printf %s "$value" | sha256sum; done
echo "\${NPM_TOKEN-none} \${LD_PRELOAD-none}"`;
    const inputs = { task: task.id, run, env: `{"MESSAGE": ${JSON.stringify(message)}}`, secrets: "OTHER" };
    const result = await aws.step(inputs, { env: { ...runners, OTHER: message } });
    const hash = createHash("sha256").update(message).digest("hex");
    expect(jobLog(result)).toEqual([`${hash}  -`, `${hash}  -`, "none none"]);
  });
});

it("a secret that is empty, and an input that there is not, are told, and the script runs", async () => {
  const run = 'echo "${TOKEN-unset}."';
  const inputs = { task: task.id, run, secrets: "TOKEN=", "working-direcory": "/tmp" };
  const result = await aws.step(inputs);
  expect([result.conclusion, jobLog(result)]).toEqual(["success", ["."]]);
  expect(result.annotations.map(({ level, message }) => [level, message.split("\n")[0]])).toEqual([
    ["warning", expect.stringMatching(/^Unexpected input\(s\) 'working-direcory', valid inputs are /)],
    [
      "warning",
      "There is no input 'working-direcory', so what it says has no effect. Did you mean 'working-directory'?",
    ],
    [
      "warning",
      expect.stringContaining("In 'secrets' the value of 'TOKEN' is empty. ${{ secrets.NAME }} is"),
    ],
  ]);
});
