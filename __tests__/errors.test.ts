import { readdirSync, readFileSync } from "node:fs";
import { AccessDenied, asFailure, Failure, FAILURE_CODES } from "../src/errors.ts";

const sections = readFileSync("docs/errors.md", "utf8").split(/^### /m).slice(1);
const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && path !== "errors.ts")
  .map((path) => readFileSync(`src/${path}`, "utf8"))
  .concat(readFileSync("src/errors.ts", "utf8").split("] as const;")[1] ?? "");

it("the documentation has a paragraph for each code, and no other", () => {
  const documented = sections.map((section) => section.split("\n")[0] ?? "");
  expect(documented.toSorted()).toEqual([...FAILURE_CODES].toSorted());
});

/** The text below a code, up to the next heading of any level. */
const texts = sections.map((section) => {
  const [code = "", ...lines] = section.split(/^## /m)[0]?.trim().split("\n") ?? [];
  return [code, lines.join(" ").trim()] as const;
});

it.each(texts)(
  "the paragraph of %s has at least two sentences: what is the case, and what to do",
  (_, text) => {
    expect(text).toMatch(/^[A-Z`'].*\. [A-Z`'].*\.\)?$/);
  },
);

/** The ways in which the sources give a failure its code. A code that is only compared or listed somewhere is not among them. */
const makes = (code: string): RegExp =>
  new RegExp(
    [
      `(?:new Failure|super|failure)\\(\\s*"${code}"`,
      `new TaskStopped\\(\\w+ \\? "${code}"`,
      `code: (?:FailureCode = )?"${code}"[,;]`,
    ].join("|"),
  );

it.each(FAILURE_CODES)("a failure in the sources has the code %s", (code) => {
  expect(sources.some((text) => makes(code).test(text))).toBe(true);
});

it("anything thrown that is no Failure becomes an internal-error", () => {
  const failure = new Failure("cancelled", { failed: "", seen: "", advice: "" });
  expect(asFailure(failure)).toBe(failure);
  const bug = new TypeError("no such thing");
  expect(asFailure(bug)).toMatchObject({
    code: "internal-error",
    seen: "TypeError: no such thing",
    cause: bug,
  });
});

it("a failure of which more was seen keeps its class and its fields", () => {
  const failure = new AccessDenied(
    { action: "ecs:RunTask", isNamed: true },
    { failed: "f.", seen: "s.", advice: "a." },
  );
  const more = failure.alsoSeen("It was seen twice.");
  expect(more).toBeInstanceOf(AccessDenied);
  expect(more).toMatchObject({
    ...{ code: "access-denied", action: "ecs:RunTask", isNamed: true },
    ...{ failed: "f.", seen: "s. It was seen twice.", advice: "a." },
    ...{ message: "f.\ns. It was seen twice.\na.", cause: failure },
  });
  expect(failure.seen).toBe("s.");
});
