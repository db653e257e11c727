import { containerGlob, regExpOf } from "../../src/inputs/container-glob.ts";
import { artifactGlobs } from "../../src/inputs/artifact-globs.ts";

describe("a glob of the container", () => {
  it.each([
    ["*.xml", ["a.xml", ".xml"], ["a.xmlx", "b/a.xml"]],
    ["[]a]", ["]", "a"], ["b"]],
    ["[!]a]", ["b"], ["]", "a", ""]],
    ["x[].t?", ["x[].tx"], ["x].tx", "x.tx"]],
    ["x[!]?", ["x[!]y"], ["xy"]],
    ["a[b*", ["a[b", "a[bc"], ["ab"]],
    ["?", ["é", "𝄞"], ["ab"]],
    ["(a|b)^$*", ["(a|b)^$", "(a|b)^$c"], ["a"]],
  ])("%s matches as in a shell", (pattern, matching, others) => {
    const match = regExpOf(containerGlob({ pattern, isExclusion: false }));
    expect([...matching, ...others].filter((name) => match.test(name))).toEqual(matching);
  });

  it.each([
    ["[z-a]*", "run upwards"],
    ["out/!\n!x/[9-0]", "run upwards"],
    ["{a,b}.xml", "a line for each"],
    ["@(a|b).xml", "a line for each"],
    ["[[:alpha:]]*", "0-9"],
  ])("%j, which no tool of the container reads as it is meant, is refused", (text, why) => {
    expect(JSON.stringify(artifactGlobs(text))).toContain(why);
  });

  it.each(["a{b}", "{a", "a,b", "x[].txt"])("%s is a path like any other", (text) => {
    expect(artifactGlobs(text)).toMatchObject({ value: [{ pattern: text }] });
  });
});
