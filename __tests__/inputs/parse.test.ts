import {
  boolean,
  count,
  cpuUnits,
  duration,
  jsonObject,
  lines,
  list,
  listOf,
  matching,
  memoryMiB,
  oneOf,
  pairs,
  quoteValue,
} from "../../src/inputs/parse.ts";

describe("duration", () => {
  it.each([
    ["1s", 1_000],
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["2h", 7_200_000],
    ["120h", 432_000_000],
  ])("reads %s as %i ms", (text, value) => {
    expect(duration(text)).toEqual({ value });
  });

  it.each(["0s", "121h", "10", "m", "1.5h", "-1m", "1h30m", "10 m", "5d", "10M", "9999999999s"])(
    "refuses %s",
    (text) => {
      expect(duration(text)).toEqual({
        must: "a duration like 90s, 30m or 2h, from 1s to 120h",
        got: `'${text}'`,
      });
    },
  );
});

describe("boolean", () => {
  it.each([
    ["true", true],
    ["True", true],
    ["TRUE", true],
    ["false", false],
    ["False", false],
    ["FALSE", false],
  ])("reads %s", (text, value) => {
    expect(boolean(text)).toEqual({ value });
  });

  it.each(["yes", "1", "tRUE", "on"])("refuses %s", (text) => {
    expect(boolean(text)).toEqual({ must: "true or false", got: `'${text}'` });
  });
});

describe("count", () => {
  it.each([
    ["1", 1],
    ["16", 16],
  ])("reads %s", (text, value) => {
    expect(count(1, 16)(text)).toEqual({ value });
  });

  it.each(["0", "17", "-1", "1.5", "1e1", "0x1", "many", "99999999999"])("refuses %s", (text) => {
    expect(count(1, 16)(text)).toEqual({ must: "a whole number from 1 to 16", got: `'${text}'` });
  });
});

describe("oneOf", () => {
  it("reads a choice and refuses another case", () => {
    expect(oneOf("auto", "s3")("s3")).toEqual({ value: "s3" });
    expect(oneOf("auto", "s3")("S3")).toEqual({ must: "one of auto, s3", got: "'S3'" });
  });
});

describe("matching", () => {
  it("takes a text of the form, and refuses others in its own words", () => {
    const name = matching(/^[a-z]+$/, "letters");
    expect(name("abc")).toEqual({ value: "abc" });
    expect(name("a1")).toEqual({ must: "letters", got: "'a1'" });
  });
});

describe("list", () => {
  it.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    ["a\nb\n", ["a", "b"]],
    [" a , b\n\n , c", ["a", "b", "c"]],
    ["", []],
  ])("splits %j", (text, items) => {
    expect(list(text)).toEqual(items);
  });

  it("names an item of another form, and a list that is too long", () => {
    const groups = listOf(/^sg-/, "groups", 2);
    expect(groups("sg-1, sg-2")).toEqual({ value: ["sg-1", "sg-2"] });
    expect(groups("sg-1, x")).toEqual({ must: "groups", got: "'x'" });
    expect(groups("sg-1,sg-2,sg-3")).toEqual({ must: "2 items at most", got: "3" });
  });
});

describe("pairs", () => {
  it.each([
    ["team=web", { team: "web" }],
    ["team=web, stage = prod", { team: "web", stage: "prod" }],
    ["query=a=b\nempty=", { query: "a=b", empty: "" }],
  ])("reads %j", (text, value) => {
    expect(pairs(text)).toEqual({ value });
  });

  it.each([
    ["team", "key=value items, such as team=web", "'team'"],
    ["=web", "key=value items, such as team=web", "'=web'"],
    ["a=1,a=2", "key=value items with each key once", "'a' twice"],
  ])("refuses %j", (text, must, got) => {
    expect(pairs(text)).toEqual({ must, got });
  });
});

describe("lines", () => {
  it.each([
    ["", []],
    ["--all", ["--all"]],
    ["--all\n", ["--all"]],
    ["a b\n  c\n", ["a b", "  c"]],
    ["a\n\nb", ["a", "", "b"]],
    ["a\n\n", ["a", ""]],
    ["a,b\n'q'", ["a,b", "'q'"]],
  ])("takes %j one a line, verbatim", (text, items) => {
    expect(lines(text)).toEqual(items);
  });
});

describe("jsonObject", () => {
  it("reads an object", () => {
    expect(jsonObject('{"cpu": "512"}')).toEqual({ value: { cpu: "512" } });
  });

  it.each(["[1]", "null", "3", '"x"'])("refuses %s, which is JSON but no object", (text) => {
    expect(jsonObject(text)).toEqual({
      must: 'a JSON object, such as {"containerOverrides": []}',
      got: `'${text}'`,
    });
  });

  it("says what is wrong with text that is no JSON", () => {
    expect(jsonObject("{cpu: 1}")).toMatchObject({
      got: expect.stringMatching(/^'\{cpu: 1\}' \(.*JSON/) as string,
    });
  });
});

describe("sizes of a task", () => {
  it.each([
    ["256", "256"],
    ["1 vCPU", "1024"],
    [".5 vcpu", "512"],
    ["0.25vCPU", "256"],
    ["16 VCPU", "16384"],
  ])("reads cpu %s as %s units", (text, value) => {
    expect(cpuUnits(text)).toEqual({ value });
  });

  it.each([
    ["2048", "2048"],
    ["2 GB", "2048"],
    ["0.5gb", "512"],
  ])("reads memory %s as %s MiB", (text, value) => {
    expect(memoryMiB(text)).toEqual({ value });
  });

  it.each(["0", "1 GB", "half", ".", "1.5", "-1", "vCPU", ""])("refuses cpu %j", (text) => {
    expect(cpuUnits(text)).toMatchObject({ must: "cpu units or vCPUs, such as 512 or .5 vCPU" });
  });

  it.each(["0", "1 vCPU", "2 TB", "0.0001 GB"])("refuses memory %j", (text) => {
    expect(memoryMiB(text)).toEqual({ must: "MiB or GB, such as 2048 or 2 GB", got: `'${text}'` });
  });
});

describe("quoteValue", () => {
  it.each([
    ["", "nothing"],
    ["web", "'web'"],
    ["a\n::error::b", "'a ::error::b'"],
    ["x".repeat(80), `'${"x".repeat(80)}'`],
    ["x".repeat(81), `'${"x".repeat(77)}...'`],
  ])("shows %j on one line, cut when long", (text, expected) => {
    expect(quoteValue(text)).toBe(expected);
  });
});
