import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [PYTHON = "", VERSION = ""] = execFileSync("python3", [
  "-c",
  "import os, sys; print(os.path.realpath(sys.executable), '%d.%d' % sys.version_info[:2])",
])
  .toString()
  .trim()
  .split(" ");

/**
 * A PATH, this machine's with a Python before it that has such a module: a virtual environment below a directory. No
 * variable and no working directory brings a module to a Python that is told to look at neither.
 */
export function pythonWith(module: string, source: string, directory: string): string {
  const environment = mkdtempSync(join(directory, "python-"));
  const packages = join(environment, `lib/python${VERSION}/site-packages`);
  mkdirSync(join(environment, "bin"));
  mkdirSync(packages, { recursive: true });
  symlinkSync(PYTHON, join(environment, "bin/python3"));
  writeFileSync(join(environment, "pyvenv.cfg"), `home = ${PYTHON.replace(/\/[^/]*$/, "")}\n`);
  writeFileSync(join(packages, `${module}.py`), source);
  return `${join(environment, "bin")}:${process.env["PATH"] ?? ""}`;
}
