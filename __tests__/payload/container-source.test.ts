import { readdirSync } from "node:fs";
import {
  bootstrapSource,
  inlinePython,
  jobParts,
  artifactsPy,
  forwardPy,
  jobSource,
  loaderParts,
  passPy,
  placePy,
  recorderPy,
  shortenSource,
  unpackerParts,
  uploaderPy,
  withoutComments,
} from "../../src/payload/container-source.ts";
import { payloadFile } from "../../src/payload/container-files.ts";

const wholeJob = jobParts({
  ...{ pieces: true, detaches: true, fence: true },
  ...{ hasItems: true, hasFiles: true, hasArtifacts: true },
});
const directory = new URL("../../src/payload/container/", import.meta.url);

it("comments and empty lines are left out, and nothing else", () => {
  expect(withoutComments("# one\n\nif a:\n    # two\n    b # three\n  \n")).toBe("if a:\n    b # three");
});

it("shell is sent without indentation and without the blanks and quotes that it does not need", () => {
  expect(shortenSource("# one\nif a || b && c; then\n  d | e\nfi\n")).toBe("if a||b&&c;then\nd|e\nfi");
  expect(shortenSource("f() { a; }\ncase $b in\n  c) d ;;\nesac\n")).toBe("f(){ a;}\ncase $b in\nc) d\nesac");
  expect(shortenSource("case $b in c) d ;; e) f ;; esac")).toBe("case $b in c) d;;e) f;esac");
  expect(shortenSource('x="" y="a"\n{ read -r z <&3; } 2>/dev/null 3<&- >"$y"\n')).toBe(
    'x= y="a"\n{ read -r z<&3;} 2>/dev/null 3<&->"$y"',
  );
});

it("the programs are of ASCII, comments included: any shell reads them, and a text of two bytes a character takes three times as long to send", () => {
  const programs = readdirSync(directory).filter((name) => /\.(sh|py|awk)$/.test(name));
  expect(programs.length).toBeGreaterThan(70);
  expect(programs.filter((name) => /[^\n\t -~]/.test(payloadFile(name)))).toEqual([]);
});

it("the job begins with fx_main, its order of events, and ends with the call of it", () => {
  expect(jobSource({ pieces: true, detaches: false })).toMatch(/^fx_main\(\) \{[\s\S]*\nfx_main "\$@"\n$/);
});

/** Each function of a text with its text, line by line. */
const functionsOf = (text: string): [name: string, text: string][] =>
  [...text.matchAll(/^(fx_\w+)\(\) (?:[{(] [^\n]+|[{(]$.*?^[})])/gms)].map(([whole, name = ""]) => [
    name,
    whole,
  ]);

it("no part of the job defines a function that another part has, since the later one would take its place", () => {
  const names = functionsOf(wholeJob).map(([name]) => name);
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

it.each([
  ["recorder", recorderPy()],
  ["uploader", uploaderPy()],
  ["maker of records and parts", passPy(true)],
  ["placer of files", placePy()],
  ["packer of artifacts", artifactsPy()],
  ["relay of a forward", forwardPy()],
])(
  "no part of the %s defines a name that another part has, since the later one would take its place",
  (_, text) => {
    const names = [...text.matchAll(/^(?:(?:def|class) (\w+)|([A-Z_]+(?:, [A-Z_]+)*) = )/gm)].flatMap(
      ([, one, several = ""]) => one ?? several.split(", "),
    );
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  },
);

it("a function that a session reads again, with the loader or the job, is the same text again", () => {
  const texts = new Map<string, string>();
  const all = [bootstrapSource(), unpackerParts(), loaderParts(), wholeJob].flatMap(functionsOf);
  const changed = all.filter(([name, text]) => {
    const earlier = texts.get(name) ?? text;
    texts.set(name, text);
    return earlier !== text;
  });
  expect(all.length).toBeGreaterThan(texts.size);
  expect(changed).toEqual([]);
});

it("no function of the container's shell has more than 50 lines", () => {
  const shell = readdirSync(directory).filter((name) => name.endsWith(".sh"));
  const functions = shell.flatMap((name) => functionsOf(payloadFile(name)));
  expect(functions.filter(([, text]) => text.split("\n").length > 50)).toEqual([]);
});

it.each(readdirSync(directory).filter((name) => name.endsWith(".py")))(
  "%s is ASCII, since an argument has no encoding",
  (name) => {
    expect(inlinePython(name)).toMatch(/^[\n -~]+$/);
  },
);
