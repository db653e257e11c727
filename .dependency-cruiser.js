/**
 * Who may import whom: `npm run lint` holds it, for types as well as for values.
 *
 * The files and folders of src/. Each may import itself and all that stands in a row above its own: so no import runs
 * back up, and those of one row don't know one another.
 */
const ROWS = [
  ["errors", "clock", "origin", "clipped", "record", "channel"],
  ["log", "bounded"],
  ["waiting"],
  ["aws"],
  ["inputs"],
  ["targets"],
  ["ready"],
  ["places"],
  ["payload"],
  ["transport"],
  ["session"],
  ["stream"],
  ["pieces"],
  ["follow"],
  ["logs"],
  ["show"],
  ["undo"],
  ["step-context"],
  ["report"],
  ["check"],
  ["github", "job"],
  ["fan-out"],
  ["main", "post-main"],
  ["action"],
  ["index", "post"],
];

/** The paths of these files and folders, as one regular expression. */
const paths = (names) => `^src/(${names.join("|")})(/|\\.ts$)`;

const downwards = ROWS.flatMap((row, i) =>
  row.map((name) => ({
    name: `${name}-imports-only-rows-above`,
    severity: "error",
    from: { path: paths([name]) },
    to: { path: "^src/", pathNot: paths([name, ...ROWS.slice(0, i).flat()]) },
  })),
);

const others = [
  {
    name: "every-file-has-a-row",
    from: { path: "^src/", pathNot: paths(ROWS.flat()) },
    to: {},
  },
  {
    name: "no-circle",
    from: {},
    to: { circular: true },
  },
  {
    name: "only-github-knows-the-runner",
    comment: "The engine is to have a second door, which is no GitHub Action.",
    from: { path: "^src/", pathNot: paths(["github"]) },
    to: { path: "(^|/)@actions/" },
  },
  {
    name: "only-aws-knows-the-sdk",
    comment: "Its exceptions, its endpoints and its credentials are read in one place.",
    from: { path: "^src/", pathNot: paths(["aws"]) },
    to: { path: "(^|/)@(aws-sdk|aws-crypto|smithy)/" },
  },
  {
    name: "channel-does-no-io",
    from: { path: paths(["channel"]) },
    to: { pathNot: [paths(["channel"]), "^(node:)?crypto$"] },
  },
  {
    name: "src-imports-nothing-of-its-development",
    from: { path: "^src/" },
    to: { path: "^(__tests__|bench|demo|local|scripts|soak)/" },
  },
  {
    name: "src-imports-dependencies-only",
    from: { path: "^src/" },
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "unknown", "undetermined"] },
  },
  {
    name: "local-shares-only-the-message-format",
    comment: "The two sides follow AWS's facts, not each other.",
    from: { path: "^local/" },
    to: { path: "^src/", pathNot: "^src/channel/message\\.ts$" },
  },
];

export default {
  forbidden: [...downwards, ...others.map((rule) => ({ severity: "error", ...rule }))],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
    doNotFollow: { path: "node_modules" },
  },
};
