/**
 * Which file may import which other file. `npm run lint` checks it, for types as well as for values.
 *
 * The rows are the files and folders of a folder. Each may import itself and everything in the rows above its own. So imports run in one
 * direction, and the members of one row do not import one another. `*` is every file of the folder that no row names.
 */

/** The rooms of src/. */
const ROOMS = [
  ["errors", "clock", "values", "version"],
  ["log", "shared-memory"],
  ["waiting"],
  // Our calls of AWS, and what the user asks for.
  ["aws"],
  ["inputs"],
  // The phases before a session, in the order of a run.
  ["targets"],
  ["ready"],
  ["payload"],
  ["queue"],
  // The bytes of a session; from bytes of the spool to the job's end.
  ["session"],
  ["carriers"],
  // What is cleaned up, and what the user gets.
  ["undo"],
  ["report"],
  // The phases of a step and of a job, the story, and what starts it.
  ["run"],
  ["main"],
  ["doors"],
];

/** The rows inside the rooms of src/. A room that isn't here has none. */
const INSIDE_ROOMS = {
  inputs: [["beneath"], ["*"]],
  targets: [
    // Names of AWS, refusals, the container to run in, the phase's title in the log.
    ["arn", "failures", "tags", "windows"],
    ["choose-container", "title"],
    // The task definition of a new task; what a run has made, and its removal.
    ["definitions"],
    ["made"],
    // The result for one task; what the phase is given.
    ["target"],
    ["container-ref", "resolve-context"],
    // RunTask; the tasks that ECS describes.
    ["start", "tasks"],
    // What can replace a target; the phase's result; the ways to it, and to another target later.
    ["candidates"],
    ["job-targets"],
    ["new-tasks", "next-attempt", "replacement", "running-tasks"],
    ["resolve"],
    // A deployment that the step belongs to; a task that is kept from being stopped.
    ["deployment", "protection"],
  ],
  queue: [["*"], ["lock"]],
  payload: [["files"], ["*"]],
  session: [["wire"], ["channel"], ["transport"], ["*"], ["forward"], ["shell"]],
  carriers: [["stream"], ["pieces"], ["*"], ["logs"]],
  report: [["show", "artifacts"], ["junit"], ["*"]],
  run: [
    ["step-budget"],
    ["step-context"],
    ["check"],
    ["step"],
    // What the scripts of several jobs run for.
    ["items"],
    // One job in one container.
    ["job", "retry-reason"],
    ["attempts", "begin-items", "parallel-jobs", "relay-tasks"],
    ["fan-out", "under-lock", "at-hook"],
    ["run-in-targets", "show-uploaded", "run-forward", "run-shell"],
  ],
  doors: [
    // The surroundings of a step: a runner, or a program.
    ["github", "program"],
    ["post-main", "run-on-fargate"],
    ["cli"],
    // What is bundled, and the doors into the bundle.
    ["action", "package"],
    ["index", "attach", "forward", "post", "bin", "module"],
  ],
};

/** The rows of local/. */
const LOCAL_ROWS = [
  [
    "answer",
    "client-environment",
    "ecs-shapes",
    "keys",
    "private-output",
    "python",
    "sigv4",
    "throttle",
    "xml",
  ],
  ["aws-error", "credential-scope", "gateway", "images", "moto", "signed-fetch"],
  // The exec agent; a task and its containers.
  ["agent", "faults", "query-api", "session-manager"],
  ["settings", "sts"],
  ["task"],
  // ECS and CloudFormation; IAM; the faults that a test orders.
  ["ecs", "cloudformation"],
  ["iam", "orders"],
  // The whole, what it holds at first, and how it is started by hand.
  ["front", "options", "platform", "s3-regions"],
  ["calls-in-a-row", "free-port", "start"],
  ["seed"],
  ["shop"],
  ["cli"],
  // The emulated runner, other people's actions, and the tools of the tests.
  ["actions", "runner", "setup"],
];

/** The paths of these files and folders of `folder`, as one regular expression. */
const pathsIn = (folder, names) => {
  const patterns = names.map((name) => (name === "*" ? "[^/]+\\.ts$" : `${name}(/|\\.ts$)`));
  return `^${folder}/(${patterns.join("|")})`;
};

/** The paths of these files and folders of src/. */
const paths = (names) => pathsIn("src", names);

/** The rules that enforce the order of the rows in `folder`. */
const downwards = (folder, rows) => [
  ...rows.flatMap((row, i) =>
    row.map((name) => ({
      name: `${folder}/${name}-imports-only-rows-above`,
      severity: "error",
      from: { path: pathsIn(folder, [name]) },
      to: { path: `^${folder}/`, pathNot: pathsIn(folder, [name, ...rows.slice(0, i).flat()]) },
    })),
  ),
  {
    name: `every-file-of-${folder}-has-a-row`,
    severity: "error",
    from: { path: `^${folder}/`, pathNot: pathsIn(folder, rows.flat()) },
    to: {},
  },
  {
    // A file that imports nothing and that no file imports.
    name: `every-lone-file-of-${folder}-has-a-row`,
    severity: "error",
    from: { orphan: true, path: `^${folder}/`, pathNot: pathsIn(folder, rows.flat()) },
    to: {},
  },
];

const others = [
  {
    name: "no-circle",
    from: {},
    to: { circular: true },
  },
  {
    name: "only-github-knows-the-runner",
    comment: "The command line and the npm module run the same code without a GitHub runner.",
    from: { path: "^src/", pathNot: "^src/doors/github/" },
    to: { path: "(^|/)@actions/" },
  },
  {
    name: "the-package-loads-nothing-of-the-runner",
    from: { path: "^src/doors/(package|bin|module)\\.ts$" },
    to: { path: "^src/doors/github/", reachable: true },
  },
  {
    name: "only-aws-knows-the-sdk",
    comment: "Only one folder knows the SDK's exceptions, endpoints and credentials.",
    from: { path: "^src/", pathNot: paths(["aws"]) },
    to: { path: "(^|/)@(aws-sdk|aws-crypto|smithy)/" },
  },
  {
    name: "channel-and-wire-do-no-io",
    from: { path: ["^src/session/(channel|wire)/", paths(["values"])] },
    // The clock's file has the type of what the channel draws its ids from.
    to: { pathNot: ["^src/session/(channel|wire)/", paths(["values", "clock"]), "^(node:)?crypto$"] },
  },
  {
    name: "src-imports-nothing-of-its-development",
    from: { path: "^src/" },
    to: { path: "^(__tests__|bench|demo|local|scripts|simulation|soak)/" },
  },
  {
    name: "src-imports-dependencies-only",
    from: { path: "^src/" },
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "unknown", "undetermined"] },
  },
  {
    name: "local-shares-only-the-wire-format",
    comment:
      "src/ and local/ follow AWS's behaviour, not each other. Captured frames prove the wire format for both.",
    from: { path: "^local/" },
    to: { path: "^src/", pathNot: "^src/session/wire/" },
  },
  {
    name: "the-simulated-world-shares-only-the-wire-format",
    comment:
      "The world of the simulation is a model of its own. Only its runners know the step, and by its entry alone.",
    from: { path: "^simulation/", pathNot: "^simulation/runner/" },
    to: { path: "^src/", pathNot: "^src/session/wire/" },
  },
  {
    name: "a-simulated-runner-knows-the-entry-and-the-seams",
    from: { path: "^simulation/runner/" },
    to: {
      path: "^src/",
      pathNot: [
        paths(["main"]),
        "^src/run/run-forward\\.ts$",
        "^src/doors/(post-main|github/process|github/surroundings)\\.ts$",
        "^src/aws/(services|world)\\.ts$",
        "^src/session/transport/socket\\.ts$",
      ],
    },
  },
];

export default {
  forbidden: [
    ...downwards("src", ROOMS),
    ...Object.entries(INSIDE_ROOMS).flatMap(([room, rows]) => downwards(`src/${room}`, rows)),
    ...downwards("local", LOCAL_ROWS),
    ...others.map((rule) => ({ severity: "error", ...rule })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
    doNotFollow: { path: "node_modules" },
  },
};
