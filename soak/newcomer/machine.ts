import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** A process of `npm run local`. */
export interface Endpoint {
  /** The variables that it told the user to export. */
  readonly exported: Readonly<Record<string, string>>;
  /** The other lines that it printed. */
  readonly words: readonly string[];
  /** Ends it as Ctrl-C does. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

/**
 * A machine that has Node.js, Python and git, but nothing of this repository. Its home is empty, so that npm, pip and Go find no
 * cache, and PATH has no directory of this repository.
 */
export class Machine {
  readonly env: Readonly<Record<string, string>>;

  constructor(root: string, repository: string) {
    const home = join(root, "home");
    mkdirSync(home);
    const kept = Object.entries(process.env).filter(
      // Keeps the settings of the machine's own registries, and drops those that `npm run` adds.
      ([name]) =>
        !/^(npm_(?!config_(userconfig|registry|cafile)$)|AWS_(?!CA_BUNDLE$)|GITHUB_|ACTIONS_|XDG_|INIT_CWD)/i.test(
          name,
        ),
    );
    const path = (process.env["PATH"] ?? "").split(delimiter);
    this.env = {
      ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])),
      HOME: home,
      PATH: path
        .filter((directory) => !directory.includes("node_modules") && !directory.startsWith(repository))
        .join(delimiter),
      AWS_PAGER: "",
    };
  }

  /** Runs a shell command to its end. Throws with its whole output unless its exit code is 0. */
  run(directory: string, line: string, more: Readonly<Record<string, string>> = {}): string {
    const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", line], {
      cwd: directory,
      env: { ...this.env, ...more },
      encoding: "utf8",
      maxBuffer: 1e8,
    });
    if (status !== 0) throw new Error(`${line}\nended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts `npm run local` with arguments. Resolves once it has printed that Ctrl-C ends it. */
  async start(clone: string, ...args: readonly string[]): Promise<Endpoint> {
    const child = spawn("npm", ["run", "-s", "local", ...(args.length > 0 ? ["--", ...args] : [])], {
      cwd: clone,
      env: this.env,
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise<number | null>((settle) => child.once("close", settle));
    const stop = async (): Promise<number | null> => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
      return await ended;
    };
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "# end: Ctrl-C") {
        child.stdout.resume();
        const exported = lines.flatMap((text) => [...text.matchAll(/^export (\w+)=(.*)$/g)]);
        return {
          exported: Object.fromEntries(exported.map(([, name = "", value = ""]) => [name, value])),
          words: lines.filter((text) => !text.startsWith("export ")),
          stop,
        };
      }
      lines.push(line);
    }
    throw new Error(`npm run local ended with ${await ended}:\n${lines.join("\n")}`);
  }
}
