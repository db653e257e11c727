import { least, newTask, read, refusal } from "./given.ts";

describe("readInputs", () => {
  it("fills in everything that a step need not give", () => {
    expect(read(least)).toEqual({
      cluster: "default",
      check: false,
      where: { kind: "service", service: "web", tasks: 1 },
      container: undefined,
      protect: true,
      startTimeout: 600_000,
      queueTimeout: 3_600_000,
      script: { kind: "run", text: "echo hello\n" },
      shell: undefined,
      args: [],
      workingDirectory: undefined,
      user: undefined,
      env: {},
      secrets: {},
      stdin: undefined,
      stderr: "apart",
      workers: 1,
      timeout: 3_600_000,
      failFast: false,
      retry: undefined,
      bucket: undefined,
      prefix: "fargate-exec/",
      kmsKeyId: undefined,
      logs: "auto",
      logToContainer: false,
      workflowCommands: false,
      summary: true,
      region: "eu-west-1",
    });
  });

  it("reads everything that a step may give", () => {
    const given = {
      ...least,
      cluster: "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
      container: "web",
      "start-timeout": "90s",
      "queue-timeout": "45m",
      args: "  --env=prod\n--since=last week\n\n",
      "working-directory": "/srv/app",
      env: "RAILS_ENV=production\nMODE=x ",
      secrets: "DB_PASSWORD\nTOKEN=a=b",
      workers: "auto",
      timeout: "2h",
      matrix: '{"fail-fast": true, "job-index": 3, "job-total": 40, "max-parallel": 8}',
      bucket: "example-ci/ci/jobs",
      "kms-key-id": "alias/ci",
      logs: "cloudwatch",
      "workflow-commands": "true",
      summary: "false",
      user: "root",
      tasks: "1",
      start: "false",
    };
    expect(read(given, { env: { DB_PASSWORD: "one\ntwo" } })).toEqual({
      ...read(least),
      cluster: "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
      container: "web",
      startTimeout: 90_000,
      queueTimeout: 2_700_000,
      args: ["  --env=prod", "--since=last week", ""],
      workingDirectory: "/srv/app",
      env: { RAILS_ENV: "production", MODE: "x " },
      secrets: { DB_PASSWORD: "one\ntwo", TOKEN: "a=b" },
      workers: "auto",
      timeout: 7_200_000,
      matrix: { index: 3, total: 40, atOnce: 8 },
      bucket: "example-ci",
      prefix: "ci/jobs/",
      kmsKeyId: "alias/ci",
      logs: "cloudwatch",
      workflowCommands: true,
      summary: false,
    });
  });

  it.each([
    ["timeout", "soon", "a duration like 90s, 30m or 2h, from 1s to 120h", "'soon'"],
    ["start-timeout", "0s", "a duration like 90s, 30m or 2h, from 1s to 120h", "'0s'"],
    ["workers", "0", "auto, or a whole number from 1 to 256", "'0'"],
    ["workers", "all", "auto, or a whole number from 1 to 256", "'all'"],
    ["logs", "stdout", "one of auto, bucket, session, cloudwatch, s3", "'stdout'"],
    ["workflow-commands", "yes", "true or false", "'yes'"],
    ["summary", "no", "true or false", "'no'"],
    ["region", "Ireland", "an AWS region, such as eu-west-1", "'Ireland'"],
    [
      "bucket",
      "s3://example-ci",
      "a bucket's name (3 to 63 lower-case letters, digits, dots and hyphens), such as example-ci, and after a slash the start of its keys",
      "'s3://example-ci'",
    ],
    [
      "env",
      "A-B=1",
      "NAME=value lines, with bare names of variables of the environment above them, or a JSON object",
      "'A-B', where the name is not",
    ],
    [
      "env",
      `BIG=${"x".repeat(128 * 1024)}`,
      "NAME=value lines, with bare names of variables of the environment above them, or a JSON object",
      "'BIG', whose value makes a variable of 131,077 bytes",
    ],
    ["args", "a\0b", "text", "a NUL byte in it"],
    ["logs", "bucket", "auto, session, cloudwatch or s3 without 'bucket'", "'bucket'"],
  ])("refuses %s: %.40s", (name, value, must, got) => {
    const failure = refusal({ ...least, [name]: value });
    expect(failure.code).toBe("bad-input");
    expect(failure.failed).toBe(`Input '${name}' must be ${must}.`);
    expect(failure.seen).toContain(`Got ${got}`);
  });

  it.each([
    ["app", "app"],
    ["1000:1000", "1000:1000"],
    ["root", undefined],
    ["0:0", undefined],
    ["4294967294:4294967294", "4294967294:4294967294"],
  ])("runs as user %s", (user, expected) => {
    expect(read({ ...least, user }).user).toBe(expected);
  });

  it.each(["4294967295", "4294967296", "4294968296", "1000:4294967295", "1000:4294967296", "0:99999999999"])(
    "refuses a number that no user or group can have: %s",
    (user) => {
      const failure = refusal({ ...least, user });
      expect(failure.failed).toContain(
        "Input 'user' must be a user of the image, whose numbers are at most 4294967294",
      );
    },
  );

  it("refuses what is no user", () => {
    const failure = refusal({ ...least, user: "my app" });
    expect(failure.failed).toContain("Input 'user' must be a user of the image");
  });

  it("reports everything that is wrong at once", () => {
    const failure = refusal({ region: "eu-west-1", workers: "0", timeout: "soon", run: "ls", tasks: "none" });
    expect(failure.code).toBe("bad-input");
    expect(failure.failed).toBe("4 things are wrong with the inputs.");
    expect(failure.seen.split("\n")).toEqual([
      expect.stringContaining("- Input 'tasks' must be all, or a whole number from 1 to 1000. Got 'none'."),
      expect.stringContaining("- Input 'task' must be given"),
      expect.stringContaining("- Input 'workers' must be"),
      expect.stringContaining("- Input 'timeout' must be"),
    ]);
  });

  it("never shows a secret", () => {
    const secrets = "KEY=-----BEGIN\nhunter2\nhunter2/+==\n9hunter2=x";
    expect(refusal({ ...newTask, secrets, subnets: "" }).message).not.toContain("hunter2");
  });
});

describe("the region", () => {
  const given = { ...least, region: "" };

  it.each([
    [{ ...least, region: "eu-west-2" }, { AWS_REGION: "us-east-1" }, "eu-west-2"],
    [given, { AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-2" }, "us-east-1"],
    [given, { AWS_REGION: "", AWS_DEFAULT_REGION: "us-east-2" }, "us-east-2"],
    [given, { AWS_DEFAULT_REGION: "us-gov-west-1" }, "us-gov-west-1"],
  ])("is the input, else that of the environment (row %#)", (inputs, env, region) => {
    expect(read(inputs, { env }).region).toBe(region);
  });

  it("has a failure of its own when there is none", () => {
    expect(refusal(given).code).toBe("no-region");
    expect(refusal(given).advice).toContain("aws-actions/configure-aws-credentials");
  });

  it("names the variable that it came from when it is no region", () => {
    const failure = refusal(given, { env: { AWS_REGION: "x y" } });
    expect(failure.failed).toBe("Input 'region' must be an AWS region, such as eu-west-1.");
    expect(failure.seen).toBe("Got 'x y' from AWS_REGION.");
  });
});

describe("the role to assume", () => {
  const role = (partition: string): string => `arn:${partition}:iam::123456789012:role/deploy`;

  it.each([
    ["eu-west-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
    ["eusc-de-east-1", "aws-eusc"],
  ])("in %s is one of the partition %s", (region, partition) => {
    const arn = role(partition);
    expect(read({ ...least, region, "role-to-assume": arn }).roleToAssume).toBe(arn);
    const other = role(partition === "aws" ? "aws-cn" : "aws");
    const failure = refusal({ ...least, region, "role-to-assume": other });
    expect(failure.code).toBe("bad-input");
    expect(failure.failed).toBe(
      `Input 'role-to-assume' must be a role of the partition '${partition}', to which the region ${region} belongs.`,
    );
    expect(failure.seen).toBe(`Got '${other}'.`);
    expect(failure.advice).toContain("set 'region'");
  });

  it("is compared with the region of the environment, too", () => {
    const given = { ...least, region: "", "role-to-assume": role("aws") };
    expect(refusal(given, { env: { AWS_REGION: "cn-northwest-1" } }).failed).toContain("'aws-cn'");
  });

  it("is compared with no partition when there is no region, and only the missing region is reported", () => {
    expect(refusal({ ...least, region: "", "role-to-assume": role("aws-cn") }).code).toBe("no-region");
  });
});

describe("the position in a matrix", () => {
  it.each([
    [
      "as GitHub's own runner gives it",
      '{"fail-fast": true, "job-index": 3, "job-total": 40, "max-parallel": 40}',
    ],
    ["as a program gives it", '{"job-index": 3, "job-total": 40}'],
  ])("is read %s", (_, matrix) => {
    expect(read({ ...least, matrix }).matrix).toEqual({ index: 3, total: 40, atOnce: 40 });
  });

  it.each([
    ["when the input is empty", ""],
    ["in a job without a matrix under act", "{}"],
    ["in a matrix under act", '{"fail-fast": true, "max-parallel": 4}'],
    ["by one number alone", '{"job-total": 4}'],
    ["by nothing", "null"],
  ])("is not known %s", (_, matrix) => {
    expect(read({ ...least, matrix }).matrix).toBeUndefined();
  });

  it.each([
    "3/4",
    "4",
    '{"job-index": 4, "job-total": 4}',
    '{"job-index": "0", "job-total": 1}',
    '{"job-index": -1, "job-total": 1}',
    '{"job-index": 0, "job-total": 4, "max-parallel": 0}',
  ])("is refused: %s", (matrix) => {
    expect(refusal({ ...least, matrix }).failed).toBe(
      "Input 'matrix' must be an object of JSON with the numbers 'job-total', from 1 to 10000, 'job-index', from 0 on and below it, and 'max-parallel', from 1 on.",
    );
  });
});
