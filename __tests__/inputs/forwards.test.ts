import { read, refusal } from "./given.ts";
import { MOST_FORWARDS, parseForward, parseForwards } from "../../src/inputs/forwards.ts";

describe("a forward", () => {
  it.each([
    ["5432", { local: 5432, host: null, port: 5432 }],
    ["15432:5432", { local: 15432, host: null, port: 5432 }],
    [":5432", { local: undefined, host: null, port: 5432 }],
    ["15432:db.shop.internal:5432", { local: 15432, host: "db.shop.internal", port: 5432 }],
    [":db.shop.internal:5432", { local: undefined, host: "db.shop.internal", port: 5432 }],
    ["1:[fd00::1]:65535", { local: 1, host: "fd00::1", port: 65535 }],
    [" 15432:10.0.0.5:5432 ", { local: 15432, host: "10.0.0.5", port: 5432 }],
  ])("is read from '%s'", (text, expected) => {
    expect(parseForward(text)).toEqual({ ...expected, text: text.trim() });
  });

  it.each([
    "",
    "db:5432",
    "5432:",
    "15432:5432:3",
    "a:b:c",
    "1:db:",
    "1:db;x:5",
    "1:-db:5",
    "1:db:5:6",
    "1:d b:5",
  ])("is not read from '%s'", (text) => {
    expect(parseForward(text)).toEqual({ must: expect.stringContaining("LOCAL:HOST:PORT") as string });
  });

  it.each(["1:fd00::1:5", ":fd00::1:5", "fd00::1:5"])(
    "needs brackets around an IPv6 address, as '%s' has none",
    (text) => {
      expect(parseForward(text)).toEqual({
        must: "LOCAL:[HOST]:PORT for an IPv6 address, such as 15432:[fd00::1]:5432",
      });
    },
  );

  it.each(["0", "65536", "0:5432", "70000:db:1", ":db:0"])(
    "has no port that isn't one, as in '%s'",
    (text) => {
      expect(parseForward(text)).toEqual({ must: "of ports from 1 to 65535" });
    },
  );

  it("has a local port of its own", () => {
    expect(parseForwards(["1:a:2", ":b:1", "1:c:3"])).toEqual({
      text: "1:c:3",
      must: "of a local port that no other forward has",
    });
    expect(parseForwards([":a:2", ":a:2"])).toHaveLength(2);
  });

  it("is one of a few", () => {
    const texts = Array.from({ length: MOST_FORWARDS + 1 }, (_, i) => `:a:${i + 1}`);
    expect(parseForwards(texts.slice(1))).toHaveLength(MOST_FORWARDS);
    expect(parseForwards(texts)).toMatchObject({ must: "one of 32 at most" });
  });
});

describe("the door of a forward", () => {
  const given = { service: "web", region: "eu-west-1", forwards: "15432:db:5432\n:cache:6379" };

  it("runs no script, protects no task, and lives for six hours unless its inputs say otherwise", () => {
    const hours = 3_600_000;
    expect(read({ ...given, run: "rm -rf /", protect: "true" })).toMatchObject({
      ...{ protect: false, script: { kind: "run", text: ":" }, timeout: 6 * hours, queueTimeout: 20_000 },
      forwards: [
        { local: 15432, host: "db" },
        { local: undefined, host: "cache", port: 6379 },
      ],
    });
    expect(read({ ...given, timeout: "1h", "queue-timeout": "1m" })).toMatchObject({
      ...{ timeout: hours, queueTimeout: 60_000 },
    });
  });

  it("names what is wrong with 'forwards' beside all else", () => {
    expect(refusal({ ...given, forwards: " \n" }).message).toContain(
      "Input 'forwards' must be one forward a line: PORT, LOCAL:PORT",
    );
    const { message } = refusal({ ...given, forwards: "1:a:2\n1:b:2", timeout: "x" });
    expect(message).toContain("Input 'forwards' must be of a local port that no other forward has.");
    expect(message).toContain("Input 'timeout'");
  });
});
