/**
 * `npm run soak [NAME…] [-- OPTION…]`: runs the named proofs, or all, one after the other. A proof whose exit code is not 0 has failed. A proof
 * gets the options, from the first word that begins with a dash on.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

const given = process.argv.slice(2);
const names = given.findIndex((word) => word.startsWith("-"));
const [wanted, options] = names < 0 ? [given, []] : [given.slice(0, names), given.slice(names)];
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== basename(import.meta.filename))
  .filter((file) => wanted.length === 0 || wanted.includes(basename(file, ".ts")))
  .sort();
const failed = files.filter((file) => {
  const began = Date.now();
  console.log(`# ${file}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file), ...options], {
    stdio: "inherit",
  });
  console.log(
    `# ${file}: ${status === 0 ? "holds" : "FAILED"} after ${Math.round((Date.now() - began) / 1000)} s`,
  );
  return status !== 0;
});
if (files.length === 0) console.log(`# There is no proof named ${wanted.join(", ")}.`);
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0;
