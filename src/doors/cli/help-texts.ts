import type { InputName } from "../../inputs/names.ts";

/** How the help shows an option: the group that it stands in, its value, and what it does, with the default. */
export interface OptionHelp {
  readonly group: string;
  readonly value: string;
  readonly text: string;
}

/** What the help of a command says of its options. */
export type InputTexts = Readonly<Partial<Record<InputName, string>>>;

type Row = readonly [name: InputName, value: string, text: string];

const inGroup = (group: string, ...rows: readonly Row[]): readonly (readonly [InputName, OptionHelp])[] =>
  rows.map(([name, value, text]) => [name, { group, value, text }] as const);

/** The help for each input, in the order of its groups. A test compares it with the inputs and their defaults. */
export const OPTION_HELP: ReadonlyMap<InputName, OptionHelp> = new Map([
  ...inGroup(
    "Where",
    ["cluster", "<name>", "name or ARN of the cluster (default: default)"],
    ["service", "<name>", "a running task of this service"],
    ["task", "<id>", "this running task"],
    ["task-definition", "<family>", "a new task of this definition, or of a JSON file"],
    ["image", "<image>", "a new task of this image"],
    ["start", "[true|false]", "a new task like those of --service (default: false)"],
    ["container", "<name>", "default: the only one, else the first essential one"],
    ["tasks", "<n|all>", "in how many tasks (default: 1)"],
    ["max-parallel", "<n>", "of --tasks, how many at once (default: all)"],
    ["fail-fast", "[true|false]", "begin no further task after a failure (default: false)"],
    ["protect", "[true|false]", "from scale-in and deployments (default: true with --service)"],
    ["deployment", "[true|arn]", "wait for this deployment's pause hook, and give the verdict"],
    ["role-to-assume", "<arn>", "a role to assume by an ID token, and to renew"],
    ["region", "<region>", "default: AWS_REGION, else that of the AWS CLI's profile"],
    ["check", "[true|false]", "only look whether it could work (default: false)"],
  ),
  ...inGroup(
    "A new task",
    ["subnets", "<ids>", "default: those of --service"],
    ["security-groups", "<ids>", "default: those of --service, else the VPC's default"],
    ["assign-public-ip", "[true|false]", "default: that of --service, else false"],
    ["capacity-providers", "<name=weight>", "such as FARGATE_SPOT=3,FARGATE=1 (default: those of --service)"],
    ["cpu", "<units>", "such as 512 or '.5 vCPU' (default: that of the definition)"],
    ["memory", "<MiB>", "such as 2048 or '2 GB' (default: that of the definition)"],
    ["task-role", "<role>", "name or ARN (default: that of the definition)"],
    ["execution-role", "<role>", "name or ARN (default: that of the definition)"],
    ["architecture", "<x86_64|arm64>", "with --image alone (default: x86_64)"],
    ["borrow", "<all|network>", "what --image takes of --service (default: all)"],
    ["tags", "<key=value>", "tags of the task"],
    ["overrides", "<json>", "merged last into the request of RunTask"],
    ["hold", "[true|false]", "keep its container alive by a command (default: true)"],
    ["keep-task", "<never|on-failure|always>", "whether it lives on afterwards (default: never)"],
    ["start-timeout", "<90s|10m|2h>", "until its exec agent is connected (default: 10m)"],
  ),
  ...inGroup(
    "What",
    ["run", "<script>", "the script, instead of words after --"],
    ["script-file", "<path>", "the script, from a file of any bytes"],
    ["shell", "<sh|bash|python|'… {0}'>", "what runs it (default: its shebang, else sh)"],
    ["args", "<word>", "an argument of the script, for each use one"],
    ["env", "<NAME[=value]>", "a variable; a bare NAME is taken from the environment"],
    ["secrets", "<NAME[=value]>", "the same, redacted in the container"],
    ["items", "<-|lines|file:path|glob:…|run:…>", "what it runs for, once for each (default: none)"],
    ["batch", "<n|auto>", "with --items, how many at a time (default: 1)"],
    ["stdin", "<-|text|file:path>", "the script's standard input (default: empty)"],
    ["working-directory", "<path>", "default: the container's own"],
    ["user", "<name[:group]>", "default: root"],
    ["workers", "<n|auto>", "copies of the script in each task (default: 1)"],
    ["stderr", "<apart|merged>", "merged: one stream, in exact order (default: apart)"],
    ["timeout", "<90s|30m|2h>", "the longest time of the script (default: 60m)"],
    ["retry", "<reasons>", "spot, infrastructure, unknown, exit codes (default: none)"],
    ["retry-attempts", "<n>", "with --retry, how often at most (default: 2)"],
    ["lock", "<name>", "one holder at a time in the bucket"],
    ["queue-timeout", "<90s|30m|2h>", "the longest wait for a seat or a lock (default: --timeout)"],
    ["detach", "[true|duration]", "leave the script running (default: false)"],
  ),
  ...inGroup(
    "Files",
    ["files", "<glob[=dest]>", "bring files into the container first"],
    ["artifacts", "<glob>", "bring files of the container back"],
    ["artifacts-path", "<path>", "where to (default: artifacts)"],
    ["artifacts-max-size", "<size>", "of each task at most (default: 1 GB)"],
    ["artifacts-missing", "<warn|error|ignore>", "a glob without a match (default: warn)"],
    ["reports", "<glob>", "JUnit XML among the artifacts"],
  ),
  ...inGroup(
    "How",
    [
      "bucket",
      "<name[/prefix]>",
      "for script, files, output, ten times as fast (default: FARGATE_EXEC_BUCKET)",
    ],
    ["bucket-owner", "<account>", "default: the cluster's account"],
    ["kms-key-id", "<key>", "for objects in the bucket (default: the bucket's own)"],
    ["logs", "<auto|bucket|session|cloudwatch|s3>", "where output comes from (default: auto)"],
    ["log-to-container", "[true|false]", "also into the container's own log (default: false)"],
    ["matrix", '{"job-index": <n>, "job-total": <n>}', "which of several runs at once this one is"],
    ["workflow-commands", "[true|false]", "has no effect here"],
    ["summary", "[true|false]", "has no effect here"],
  ),
]);

export const RESUME_HELP =
  "With --items: keeps the end of each in this file, and does not run again those that succeeded by it.";

/** What `run --help` shows. It fits a screen of 24 lines with 80 columns; `--help --all` has all options. */
export const FIRST_SCREEN = `Usage: fargate-exec run [options] -- COMMAND…

Runs a command or a script in a task. Its exit code is that of the script.

  -- COMMAND…                a command; - alone: a script on standard input
  --run-file <path>          a script, from this file
Where:
  --cluster <name>           name or ARN of the cluster (default: default)
  --service <name>           a running task of this service
  --task <id>                this running task
  --start, --image <image>   with --service: a new task like it, or of an image
  --container <name>         default: the only one, else the first essential one
What:
  --env, --secrets <NAME>    a variable of this environment, or NAME=value
  --shell <sh|bash|python>   what runs the script (default: sh)
  --stdin <-|file:path>      the script's standard input (default: empty)
  --files, --artifacts <glob>  files to bring in before, and to bring back after
  --timeout <90s|30m|2h>     the longest time of the script (default: 60m)
  --bucket <name>            ten times as fast (default: FARGATE_EXEC_BUCKET)
  --region <region>          default: AWS_REGION, else the profile's
  -q, -v                     say less, or more

fargate-exec run --help --all has all options.
`;

/** What `check --help` shows. It fits the same screen. */
export const CHECK_SCREEN = `Usage: fargate-exec check [options]

Only looks whether a run with these options could work, and shows what is
missing. Runs nothing. It takes the options of 'run'; those that it looks at:

Where:
  --cluster <name>           name or ARN of the cluster (default: default)
  --service <name>           a running task of this service
  --task <id>                this running task
  --start, --image <image>   with --service: a new task like it, or of an image
  --task-definition <family>  a new task of this definition, or of a JSON file
  --container <name>         default: the only one, else the first essential one
A new task:
  --subnets, --security-groups <ids>  default: those of --service
  --assign-public-ip         default: that of --service, else false
  --task-role <role>         name or ARN (default: that of the definition)
How:
  --bucket <name>            default: FARGATE_EXEC_BUCKET
  --logs <auto|bucket|session|cloudwatch|s3>  where output comes from
  --region <region>          default: AWS_REGION, else the profile's
  -q, -v                     say less, or more

fargate-exec check --help --all has all options.
`;
