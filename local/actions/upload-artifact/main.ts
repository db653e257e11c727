/**
 * What actions/upload-artifact v7 says of its inputs and its files; nothing is uploaded. `path` is one file or directory. It
 * imports nothing: the engine copies this directory alone.
 */
import { existsSync, statSync } from "node:fs";

const { env } = process;
const KNOWN = ["name", "path", "retention-days", "if-no-files-found"];

function input(name: string): string {
  return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}

function main(): void {
  const given = Object.keys(env).flatMap((name) => /^INPUT_(.*)$/.exec(name)?.[1]?.toLowerCase() ?? []);
  const unknown = given.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw new Error(`The stand-in has no inputs ${unknown.join(", ")}`);
  const path = input("path");
  if (path === "") throw new Error("Input required and not supplied: path");
  const [name, found, days] = [input("name"), input("if-no-files-found"), input("retention-days")];
  if (/[":<>|*?\r\n\\/]/.test(name)) throw new Error(`The artifact name is not valid: ${name}`);
  if (!["warn", "error", "ignore"].includes(found))
    throw new Error(`Unrecognized if-no-files-found input. Provided: ${found}.`);
  if (!/^\d*$/.test(days)) throw new Error("Invalid retention-days");
  if (existsSync(path)) console.log(`Artifact ${name}: ${path}, ${statSync(path).size} bytes`);
  else if (found === "error") throw new Error(`No files were found with the provided path: ${path}.`);
}

try {
  main();
} catch (error) {
  console.log(`::error::${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
