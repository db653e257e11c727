import type { ScriptRun } from "../container/container.ts";
import { SECRET, type Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";

/** The starts of this step's script, worker by worker. */
export function runsOf(runner: Runner, { world }: Simulated): readonly ScriptRun[] {
  return world.containers.flatMap(({ scripts }) => scripts).filter(({ url }) => url === runner.url);
}

/** What a step had to show of this run's standard output, in lines without empty ones. */
export function expectedLines({ out }: ScriptRun, stream: "1" | "2"): readonly string[] {
  const text = out
    .filter((piece) => piece.startsWith(`${stream} `))
    .map((piece) => piece.slice(2))
    .join("");
  return linesOf(text.replaceAll(SECRET, "***"));
}

/** The lines of a worker's stream that a step has shown in its log. */
export function shownLines(runner: Runner, worker: number, stream: "1" | "2"): readonly string[] {
  const workers = Number(runner.options.inputs["workers"] ?? 1);
  const lead = workers > 1 ? `[${worker}] ` : "";
  return linesOf(runner.main.stdout)
    .filter((line) => line.startsWith(lead))
    .map((line) => line.slice(lead.length))
    .filter((line) =>
      (stream === "2" ? /^err r\d/ : /^(out r\d|part r\d|::error::out r\d|\*\*\*$)/).test(line),
    );
}

export function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
