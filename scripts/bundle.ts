import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parse, transform } from "@swc/core";
import ncc from "@vercel/ncc";
import { licensesOf } from "./licenses.ts";

/** Compiles with this TypeScript configuration into a directory, which is emptied first. */
export function compile(configuration: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  execFileSync("tsc", ["-p", configuration, "--outDir", directory], { stdio: "inherit" });
}

/** Packages that are not in the bundle, each with the path by which the bundle imports it. */
export type Externals = Readonly<Record<string, string>>;

/**
 * Writes a compiled entry with all of its imports to a directory, which is emptied first: a bundle of the entry's name, its
 * chunks and the licences.
 */
export async function writeBundle(
  entry: string,
  directory: string,
  externals: Externals = {},
): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, source] of await bundle(resolve(entry), externals))
    writeFileSync(join(directory, name), source);
}

/** Copies the container's files to `container/` beside the bundle, which reads them when it needs them. The bundler does not copy them. */
export function copyContainerFiles(directory: string): void {
  cpSync("src/payload/container", join(directory, "container"), {
    recursive: true,
    filter: (path) => !path.endsWith(".md"),
  });
}

/** The bundle's files by their names. Each script is minified here, since ncc would minify only the entry. */
async function bundle(
  entry: string,
  externals: Externals,
): Promise<readonly (readonly [string, string | Buffer])[]> {
  const filename = basename(entry);
  const { code, assets, stats } = await ncc(entry, {
    esm: true,
    filename,
    externals,
    // Takes a package's ES modules when it has both forms, because the bundler drops their unused exports. Of the SDK's clients
    // most exports are unused.
    mainFields: ["module", "main"],
    cache: false,
    quiet: true,
  });
  const files = [
    [filename, code] as const,
    ...Object.entries(assets).map(([name, { source }]) => [name, source] as const),
    ["licenses.txt", licensesOf(stats.compilation.modules)] as const,
  ];
  return await Promise.all(
    files.map(
      async ([name, source]) =>
        [
          name,
          name.endsWith(".js") ? await withEagerModules(await minifySource(String(source))) : source,
        ] as const,
    ),
  );
}

/**
 * Puts the functions that hold the modules of a bundle into parentheses. V8 compiles such a function with the file that it stands in;
 * any other function it reads twice, once to find its end and once more at its first call. Nearly all of a bundle's modules are
 * called at its start, and the minifier takes away the parentheses that the bundler has put there. Returns anything but a bundle, a chunk
 * too, as it is.
 *
 * Exported for a test.
 */
export async function withEagerModules(minified: string): Promise<string> {
  const { body, span } = await parse(minified, { syntax: "ecmascript", target: "es2023" });
  const modules = body
    .flatMap((item) => (item.type === "VariableDeclaration" ? item.declarations : []))
    .find(({ id }) => id.type === "Identifier" && id.value === "__webpack_modules__")?.init;
  if (modules?.type !== "ObjectExpression") return minified;
  const functions = modules.properties
    .flatMap((property) => (property.type === "KeyValueProperty" ? [property.value] : []))
    .flatMap((value) =>
      /^(Arrow)?FunctionExpression$/.test(value.type) && "span" in value ? [value.span] : [],
    );
  // The parser counts bytes.
  const bytes = Buffer.from(minified);
  const between = [
    span.start,
    ...functions.flatMap(({ start, end }) => [start, end]),
    span.start + bytes.length,
  ];
  return between
    .slice(1)
    .map((end, i) => bytes.subarray((between[i] ?? 0) - span.start, end - span.start).toString())
    .map((part, i) => (i % 2 === 1 ? `(${part})` : part))
    .join("");
}

/** Exported for a test. */
export async function minifySource(source: string): Promise<string> {
  const { code } = await transform(source, {
    isModule: true,
    minify: true,
    // The minifier of @swc/core 1.16 takes `x ??= y` of a captured variable for no change of it, and moves reads of `x` behind it. Written as
    // `x ?? (x = y)`, the change is seen.
    env: { targets: { node: "20" }, include: ["transform-logical-assignment-operators"] },
    jsc: {
      minify: {
        // Stack traces show the names of classes, and libraries compare them.
        compress: { keep_classnames: true },
        mangle: { keep_classnames: true },
        // Licences are in licenses.txt.
        format: { comments: false },
      },
    },
  });
  return code;
}
