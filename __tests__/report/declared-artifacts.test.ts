import { declaredArtifacts } from "../../src/report/declared-artifacts.ts";

it("files are declared by absolute paths, and none as the reference of an image", () => {
  const paths = ["/w/artifacts/app.whl", `/w/artifacts/app@sha256:${"0".repeat(64)}`, "/w/#é"];
  expect(declaredArtifacts(paths)).toEqual({ lines: paths.map((path) => `file://${path}`), leftOut: [] });
});

it("what would fail the step is left out: a second file of a name, '=', line ends, blanks that the runner trims, and more than 500", () => {
  const odd = ["/w/b/app", "/w/a=b", "/w/a\nfile:///etc/passwd", "/w/a\rb", "/w/blank ", "/w/tab\t"];
  expect(declaredArtifacts(["/w/a/app", ...odd])).toEqual({ lines: ["file:///w/a/app"], leftOut: odd });
  const many = Array.from({ length: 501 }, (__, i) => `/w/${i}`);
  expect(declaredArtifacts(many)).toMatchObject({ lines: { length: 500 }, leftOut: ["/w/500"] });
});
