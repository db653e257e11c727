import { reportGlobs } from "../../src/inputs/reports.ts";
import { read, refusal, newTask } from "./given.ts";

it("each line is a glob of the artifacts", () => {
  expect(reportGlobs(" reports/*.xml \n\n./a,b/**/*.xml\n")).toEqual({
    value: ["reports/*.xml", "a,b/**/*.xml"],
  });
});

it.each([
  ["a path of the container", "/tmp/a.xml", "'/tmp/a.xml'"],
  ["a path that leads out", "a.xml\na/../../b.xml", "'a/../../b.xml'"],
  ["an exclusion", "!a.xml", "'!a.xml'"],
  ["an escape", "a\\*.xml", "'a\\*.xml'"],
  ["a list", "a\n{b,c}.xml", "'{b,c}.xml'"],
  ["a class", "[[:alpha:]].xml", "'[[:alpha:]].xml'"],
  ["a list of a shell", "+(a|b).xml", "'+(a|b).xml'"],
  ["a range that runs downwards", "[z-a].xml", "'[z-a].xml'"],
  ["a ** within a name", "a**.xml", "'a**.xml'"],
])("%s is refused", (_, text, got) => {
  expect(reportGlobs(text)).toMatchObject({ got });
});

it("takes 100 lines, and not one more", () => {
  expect(reportGlobs("a\n".repeat(100))).toHaveProperty("value");
  expect(reportGlobs("a\n".repeat(101))).toMatchObject({ must: "100 lines at most", got: "101" });
});

it("`reports` and the options of artifacts are refused without `artifacts` and `items`", () => {
  const reports = "reports/*.xml";
  expect(read({ ...newTask, artifacts: "reports", reports }).reports).toEqual([reports]);
  expect(read({ ...newTask, artifacts: "reports" }).reports).toBeUndefined();
  expect(refusal({ ...newTask, reports }).message).toContain(
    "Input 'reports' must be left out without 'artifacts' or 'items'.",
  );
  const options = { "artifacts-max-size": "20 MB", "artifacts-missing": "error" };
  expect(refusal({ ...newTask, ...options }).message).toContain(
    "Input 'artifacts-max-size' must be left out without 'artifacts' or 'items'.",
  );
  const { itemFiles, artifacts, ...more } = read({ ...newTask, ...options, items: "a", reports });
  expect([itemFiles?.maxBytes, itemFiles?.missing, artifacts, more.reports]).toEqual([
    20 * 1024 * 1024,
    "error",
    undefined,
    [reports],
  ]);
});
