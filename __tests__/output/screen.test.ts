import { Screen } from "../../src/output/screen.ts";

function screen(workflowCommands: boolean) {
  const shown: string[] = [];
  const write = (...line: Buffer[]): number => shown.push(Buffer.concat(line).toString());
  return { shown, screen: new Screen({ write, workflowCommands }) };
}
const bytes = (text: string): Buffer => Buffer.from(text);

it("labels each line, with one guard around those of all jobs", () => {
  const { shown, screen: one } = screen(false);
  const [first, second] = [one.writer("[task 0] "), one.writer("[task 1] ")];
  first(bytes("a\n"));
  second(bytes("::error::b\n"));
  first(bytes("c\n##[error]d"), bytes("\n"));
  expect(shown.slice(1)).toEqual([
    "[task 0] a\n",
    "[task 1] ::error::b\n",
    "[task 0] c\n",
    "[task 0] \x1b[0m##[error]d\n",
  ]);
  one.end();
  const token = /^::stop-commands::(.+)\n$/.exec(shown[0] ?? "")?.[1];
  expect(shown.at(-1)).toBe(`::${token}::\n`);
  expect(shown.filter((line) => line.startsWith("::"))).toHaveLength(2);
});

it("has no guard where nothing was printed", () => {
  const { shown, screen: one } = screen(false);
  one.writer("[task 0] ");
  one.end();
  expect(shown).toEqual([]);
});

it("lets workflow commands through where they are wanted, at the beginning of their lines", () => {
  const { shown, screen: one } = screen(true);
  const write = one.writer("[task 0] ");
  write(bytes("::notice::a\n"));
  write(bytes("b\n"));
  one.end();
  expect(shown).toEqual(["::notice::a\n", "[task 0] b\n"]);
});
