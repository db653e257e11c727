import { lineEndWarning } from "../../src/inputs/line-ends.ts";

const file = (text: string) => ({
  kind: "file" as const,
  path: "ops/job.sh",
  inWorkspace: "ops/job.sh",
  bytes: Buffer.from(text),
});

it("the warning names the file, the number of lines and what to do", () => {
  const warning = lineEndWarning(file("ls\r\nls\necho\r\n"), undefined);
  expect(warning).toMatch(/^The script 'ops\/job\.sh' has Windows line ends \(CR LF\) on 2 of its lines\./);
  expect(warning).toContain("The script is run as it is.");
  expect(warning).toContain("'*.sh text eol=lf' into .gitattributes");
});

it("the warning says what to do when the script is in the workflow", () => {
  const warning = lineEndWarning({ kind: "run", text: "ls\r\n" }, undefined);
  expect(warning).toMatch(/^The script .* Save it with LF/);
});

it.each<[string, string, string | undefined, boolean]>([
  ["line ends of Unix", "ls\n", undefined, false],
  ["a CR within a line", "printf 'a\rb'\n", undefined, false],
  ["bash", "ls\r\n", "bash --noprofile --norc -eo pipefail {0}", true],
  ["a shell by its path", "ls\r\n", "/bin/dash {0}", true],
  ["a shell by its shebang", "#!/usr/bin/env bash\r\nls\r\n", undefined, true],
  ["busybox", "ls\r\n", "busybox ash {0}", true],
  ["Python, which takes either", "print()\r\n", "python3 {0}", false],
  ["Python by its shebang", "#!/usr/bin/env python3\r\nprint()\r\n", undefined, false],
  ["PowerShell", "ls\r\n", "pwsh {0}", false],
])("warns only about a script that a Bourne-type shell runs: %s", (_, text, shell, warns) => {
  expect(lineEndWarning(file(text), shell) !== undefined).toBe(warns);
});
