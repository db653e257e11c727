import { readFileSync } from "node:fs";

/** Who may be hostile, what it has, and what it must not get: the design's words. */
const ATTACKERS = [
  [
    "the **job**",
    ["root or `user` in the container", "any output", "any bytes in the spool"],
    [
      "workflow commands, annotations, masks or state of the runner",
      "a status that is not its own",
      "another run's secrets",
      "an abort, a download, memory or calls without bound in main, post or cleanup",
      "places outside the artifacts' directory",
      "modes of its choice on the runner",
    ],
  ],
  [
    "**another user's process**",
    ["`/proc`", "world-writable directories"],
    ["root", "secrets", "the nonce", "a say in status or output", "a kill of the container"],
  ],
  [
    "the **peer**",
    ["all frames", "the nonce"],
    [
      "the runner's log commands",
      "its memory",
      "unsealed secrets where the cluster encrypts",
      "our `kms:GenerateDataKey` for keys of its choice",
    ],
  ],
  [
    "the **relay**",
    ["what the forward carries", "its key", "its session"],
    ["the runner's memory", "sessions without bound", "a way to other ports or addresses of this machine"],
  ],
  [
    "**another principal**",
    ["on the prefix", "`ecs:RegisterTaskDefinition`", "`ecs:RunTask`", "the workflow's event payload"],
    [
      "code in our tasks",
      "our log",
      "our credentials",
      "the job's output sent elsewhere",
      "a task that we take for ours",
    ],
  ],
  [
    "who holds a **handle**",
    ["follow and cancel that job"],
    ["anything else: another address for its output, code, secrets"],
  ],
  [
    "the **checkout**",
    ["everything below the workspace"],
    ["files outside it", "private files inside it (`.git`, `.env*`) that no pattern names, by whatever link"],
  ],
  [
    "a **local user**, or a **web page**",
    ["loopback ports", "`/proc`", "abstract sockets", "the temporary directory"],
    [
      "root by the local Fargate",
      "a job's files, handles or tunnels",
      "a connection through a forward",
      "a lock that never comes free",
    ],
  ],
  [
    "the **supply chain**",
    ["a dependency", "an install script"],
    ["the publishing token", "a signature under our workflow's name"],
  ],
] as const;

const [, section = ""] = readFileSync("docs/security.md", "utf8").split("## Who may attack\n");
const rows = (section.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| --"))
  .slice(1)
  // The links of a cell are no words.
  .map((line) => line.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").split(" | "));

it("docs/security.md names all attackers, and no other one in the table", () => {
  expect(rows.map(([who = ""]) => who)).toEqual(
    ATTACKERS.map(([who]) => expect.stringContaining(who) as string),
  );
});

it.each(ATTACKERS)("docs/security.md says what %s has and must not get", (who, has, mustNotGet) => {
  const [, given = "", denied = ""] = rows.find(([cell = ""]) => cell.includes(who)) ?? [];
  expect(has.filter((words) => !given.includes(words))).toEqual([]);
  expect(mustNotGet.filter((words) => !denied.includes(words))).toEqual([]);
});
