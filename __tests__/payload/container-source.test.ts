import { readdirSync } from "node:fs";
import { inlinePython, jobSource, shortened, withoutComments } from "../../src/payload/container-source.ts";

const directory = new URL("../../src/payload/container/", import.meta.url);

it("comments and empty lines are left out, and nothing else", () => {
  expect(withoutComments("# one\n\nif a:\n    # two\n    b # three\n  \n")).toBe("if a:\n    b # three");
});

it("shell is sent without indentation and without blanks around operators", () => {
  expect(shortened("# one\nif a || b && c; then\n  d | e\nfi\n")).toBe("if a||b&&c; then\nd|e\nfi");
});

it("the job begins with its order of events, and ends with the call of it", () => {
  expect(jobSource()).toMatch(/^# The file `job`[\s\S]*\nfx_main\(\) \{[\s\S]*\nfx_main "\$@"\n$/);
});

it.each(readdirSync(directory).filter((name) => name.endsWith(".py")))(
  "%s is ASCII: an argument has no encoding",
  (name) => {
    expect(inlinePython(name)).toMatch(/^[\n -~]+$/);
  },
);
