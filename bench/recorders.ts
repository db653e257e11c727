import { spawnSync } from "node:child_process";
import { openSync, closeSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { redactionPatterns } from "../src/payload/redaction.ts";
import { recorderAwk, recorderPy } from "../src/payload/container-source.ts";

/** Numbered lines. One in a hundred holds a secret. */
function text(secrets: readonly string[], mib: number): Buffer {
  const lines: string[] = [];
  for (let size = 0, at = 0; size < mib * 1024 * 1024; at += 1) {
    const secret = at % 100 === 0 ? (secrets[at % secrets.length] ?? "") : "nothing to hide";
    const line = `${String(at).padStart(8, "0")} an ordinary line of a build, with ${secret} in it\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join(""));
}

/** Prints the throughput of the recorders with this many secrets, and compares it with `cat` through the same kind of pipe. */
export function recorders(root: string, count: number): void {
  const secrets = Array.from({ length: count }, (_, at) => `secret-${at}-${"x".repeat(8 + at)}`);
  const directory = join(root, "recorders");
  mkdirSync(directory);
  const patterns = redactionPatterns(Object.fromEntries(secrets.map((value, at) => [`SECRET_${at}`, value])));
  writeFileSync(join(directory, "patterns"), [...patterns, ".", ""].join("\n"));
  writeFileSync(join(directory, "recorder.py"), recorderPy());
  writeFileSync(join(directory, "recorder.awk"), recorderAwk());
  const mib = 32;
  writeFileSync(join(directory, "text"), text(secrets, mib));

  const awk = (name: string): string =>
    `cat text | LC_ALL=C ${name} -f recorder.awk o 0 1 5<&0 <patterns >out`;
  const ways: readonly (readonly [string, string, string])[] = [
    ["cat", "cat", "cat text | cat >out"],
    [
      "python3",
      "python3",
      `python3 -I -S recorder.py . 1 1099511627776 1073741824 <patterns & until [ -e recording ]; do sleep 0.01; done
       : >0.e; cat text >0.o; kill $!; wait`,
    ],
    ["mawk", "mawk", awk("mawk")],
    ["gawk", "gawk", awk("gawk")],
    ["busybox", "busybox awk", awk("busybox awk")],
  ];
  let bare = 0;
  for (const [program, name, script] of ways) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) {
      console.log(`${name}: not on this machine`);
      continue;
    }
    for (const left of ["out", "out.0", "0.o", "0.e", "recording"])
      rmSync(join(directory, left), { force: true });
    const complaints = openSync(join(directory, "complaints"), "w");
    const began = performance.now();
    spawnSync("sh", ["-c", script], { cwd: directory, stdio: ["ignore", "ignore", complaints] });
    const seconds = (performance.now() - began) / 1000;
    closeSync(complaints);
    const speed = mib / seconds;
    if (program === "cat") bare = speed;
    const wrote = ["out", "out.0"].some((name) => existsSync(join(directory, name)));
    console.log(
      `recorder, ${count} secrets: ${name.padEnd(11)} ${speed.toFixed(1)} MiB/s, ${(bare / speed).toFixed(1)} times as long as cat${wrote ? "" : " (wrote nothing!)"}`,
    );
  }
}
