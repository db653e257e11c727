import { variables } from "../../src/inputs/variables.ts";

const env = { TOKEN: "from the step", KEY: "line 1\nline 2\n", EMPTY: "", NUL: "a\0b" };
const plain = variables({ env, secret: false });
const secret = variables({ env, secret: true });

const must = "NAME=value lines, or bare names of variables of the step";

describe("variables", () => {
  it.each([
    ["nothing", "", {}],
    ["a value", "A=1", { A: "1" }],
    ["several lines, and blank ones between", "A=1\n\n  \nB=2\n", { A: "1", B: "2" }],
    ["an empty value", "A=", { A: "" }],
    ["every = after the first", "A=b=c==", { A: "b=c==" }],
    ["blanks and quotes of the value", "A=  'x' ", { A: "  'x' " }],
    ["commas of the value", "A=1,B=2", { A: "1,B=2" }],
    ["an indented name", "  A=1", { A: "1" }],
    ["a bare name", "TOKEN", { TOKEN: "from the step" }],
    ["a bare name with blanks around it", " TOKEN ", { TOKEN: "from the step" }],
    ["a bare name whose value has several lines, whole", "KEY\nA=1", { KEY: "line 1\nline 2\n", A: "1" }],
    ["a bare name whose value is empty", "EMPTY", { EMPTY: "" }],
    ["names with _ and digits", "_a1=x", { _a1: "x" }],
  ])("takes %s", (_, text, value) => {
    expect(plain(text)).toEqual({ value });
    expect(secret(text)).toEqual({ value });
  });

  it("takes __proto__ for a name like any other", () => {
    const answer = plain("__proto__=x");
    expect(Object.entries("value" in answer ? answer.value : {})).toEqual([["__proto__", "x"]]);
  });

  it.each([
    ["1A=x", "'1A', where the name is not letters, digits and _ (and no digit first)"],
    ["A B=x", "'A B', where the name is not letters, digits and _ (and no digit first)"],
    ["A =x", "'A ', where the name is not letters, digits and _ (and no digit first)"],
    ["my-name=x", "'my-name', where the name is not letters, digits and _ (and no digit first)"],
    ["=x", "nothing, where the name is not letters, digits and _ (and no digit first)"],
    ["A=1\nA=2", "'A', a name that was given before"],
    ["MISSING", "'MISSING', a bare name that the step's environment does not have"],
    ["toString", "'toString', a bare name that the step's environment does not have"],
    ["NUL", "'NUL', whose value has a NUL byte"],
  ])("refuses %j", (text, got) => {
    expect(plain(text)).toMatchObject({ must, got });
  });

  it.each([
    ["A=1\nhunter2/+", "line 2, where the name is not letters, digits and _ (and no digit first)"],
    ["A=1\nhunter2", "line 2, a bare name that the step's environment does not have"],
    ["hunter2=1\nhunter2=2", "line 2, a name that was given before"],
  ])("shows nothing of the text of a line that may be secret: %j", (text, got) => {
    expect(secret(text)).toMatchObject({ must, got });
    expect(JSON.stringify(secret(text))).not.toContain("hunter2");
  });
});
