import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemPath } from "../../local/images/image.ts";

const [PYTHON = "", VERSION = ""] = execFileSync("python3", [
  "-c",
  "import os, sys; print(os.path.realpath(sys.executable), '%d.%d' % sys.version_info[:2])",
])
  .toString()
  .trim()
  .split(" ");

/** A container's PATH that begins with a Python that has this module, in a virtual environment below `directory`. Neither a
 * variable nor the working directory could bring a module to an isolated Python (`-I`).
 */
export function pythonWith(module: string, source: string, directory: string): string {
  const environment = mkdtempSync(join(directory, "python-"));
  const packages = join(environment, `lib/python${VERSION}/site-packages`);
  mkdirSync(join(environment, "bin"));
  mkdirSync(packages, { recursive: true });
  symlinkSync(PYTHON, join(environment, "bin/python3"));
  writeFileSync(join(environment, "pyvenv.cfg"), `home = ${PYTHON.replace(/\/[^/]*$/, "")}\n`);
  writeFileSync(join(packages, `${module}.py`), source);
  return `${join(environment, "bin")}:${systemPath}`;
}
