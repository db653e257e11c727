import {
  type ListRules,
  LARGEST_ITEM,
  LARGEST_LIST,
  MOST_ITEMS,
  readItemList,
} from "../../src/inputs/item-list.ts";

const RULES: ListRules = { batch: 1, secrets: {}, most: LARGEST_LIST };

function readList(text: string | Uint8Array, rules: Partial<ListRules> = {}) {
  return readItemList(Buffer.from(text), { ...RULES, ...rules });
}

/** Each problem as a line "input must be …, got …". */
function problems(text: string | Uint8Array, rules: Partial<ListRules> = {}): readonly string[] {
  const list = readList(text, rules);
  return "problems" in list
    ? list.problems.map(({ input, must, got }) => `'${input}' must be ${must}. Got ${got}.`)
    : [];
}

const numbered = (count: number, width = 1): string =>
  Array.from({ length: count }, (_, i) => String(i).padStart(width, "0")).join("\n");

it.each<[string, string, readonly string[]]>([
  ["one a line", "a\nb\n", ["a", "b"]],
  ["a last line without an end", "a\nb", ["a", "b"]],
  ["Windows line ends", "a\r\nb\r\n\r\nc\r", ["a", "b", "c"]],
  ["empty lines", "\na\n\n  \t\nb\n\n", ["a", "b"]],
  ["blanks, commas and a CR inside an item", " a, b \nc\rd\n", [" a, b ", "c\rd"]],
  [
    "a beginning that means something in the input",
    "run:id\nfile:x\nglob:*\n!x",
    ["run:id", "file:x", "glob:*", "!x"],
  ],
  ["a byte order mark", "\uFEFFa\nb", ["a", "b"]],
  ["any text of UTF-8", "ü\n🙂\n\u2028\n-n", ["ü", "🙂", "\u2028", "-n"]],
])("the items of a list with %s", (_, text, items) => {
  expect(readList(text)).toEqual({ items });
});

it("takes as many and as long items as it may", () => {
  expect(readList(numbered(MOST_ITEMS))).toHaveProperty("items");
  expect(readList("x".repeat(LARGEST_ITEM))).toHaveProperty("items");
  expect(readList(`${"x".repeat(49_151)}\n${"y".repeat(49_152)}`, { batch: 2 })).toHaveProperty("items");
  expect(readList("x".repeat(LARGEST_ITEM), { batch: 10_000 })).toHaveProperty("items");
});

it.each<[string, string | Uint8Array, Partial<ListRules>, string]>([
  ["no item", "", {}, "'items' must be one item at least, each on a line of its own. Got an empty list."],
  [
    "empty lines alone",
    "\n \r\n\n",
    {},
    "'items' must be one item at least, each on a line of its own. Got an empty list.",
  ],
  ["too many", numbered(MOST_ITEMS + 1), {}, "'items' must be at most 10,000 items. Got 10,001."],
  [
    "too large a list",
    "x\n".repeat(524_289),
    {},
    "'items' must be a list of at most 1 MiB. Got 1,048,578 bytes.",
  ],
  [
    ...(["too large a text", "x".repeat(131_073), { most: 131_072 }] as const),
    "'items' must be a list of at most 128 KiB. Got 131,073 bytes.",
  ],
  [
    ...(["a long item", `a\n\n${"x".repeat(LARGEST_ITEM + 1)}\n`, {}] as const),
    "'items' must be items of at most 96 KiB, so that Linux starts a program with one. Got a longer one in line 3.",
  ],
  [
    ...(["a long item by its bytes", "ü".repeat(49_153), {}] as const),
    "'items' must be items of at most 96 KiB, so that Linux starts a program with one. Got a longer one in line 1.",
  ],
  [
    ...(["a NUL byte", "a\nb\0\n\0", {}] as const),
    "'items' must be items without NUL bytes, which no variable can hold. Got one in line 2, 3.",
  ],
  [
    ...(["bytes that are no UTF-8", Buffer.from("a\nb\xe9\n", "latin1"), {}] as const),
    "'items' must be a list in UTF-8. Got other bytes in line 2.",
  ],
  [
    ...(["the same item twice", "a\nb\n\na\r\nb\na", {}] as const),
    "'items' must be different items, because the results name each. Got the same one in lines 1 and 4; 2 and 5; 1 and 6.",
  ],
  [
    ...([
      "a batch that is too large",
      `${"x".repeat(60_000)}\na\n${"y".repeat(60_000)}`,
      { batch: 2 },
    ] as const),
    "'batch' must be so small that the items of a batch have at most 96 KiB together, with their line ends. " +
      "Got 2, and the 2 longest have 120,001 bytes.",
  ],
])("%s is refused", (_, text, rules, problem) => {
  expect(problems(text, rules)).toEqual([problem]);
});

it("a message names five places of many", () => {
  const [problem] = problems("\0a\n".repeat(1_002).replaceAll(/\0a/g, (_, at) => `\0${at}`));
  expect(problem).toMatch(/Got one in line 1, 2, 3, 4, 5 and 997 more\.$/);
});

it("tells all that is wrong at once", () => {
  expect(problems("a\na\nb\0", { batch: 2, secrets: { TOKEN: "none of them" } })).toEqual([
    expect.stringContaining("NUL bytes"),
    expect.stringContaining("different items"),
  ]);
});

describe("a list with the value of a secret", () => {
  const secrets = {
    TOKEN: "hunter2\n",
    KEY: "first line\r\n  second line  \n\nab",
    EMPTY: "",
    BLANK: "    ",
  };

  it.each([
    ["a value", "a\nb hunter2 c\n", "line 2"],
    ["a line of a value", "second line\na", "line 1"],
    ["several", "hunter2\na\nfirst line", "line 1, 3"],
  ])("is refused by the line, and never shown: %s", (_, text, where) => {
    const list = readList(text, { secrets });
    expect(problems(text, { secrets })).toEqual([
      `'items' must be items without the value of a secret, because the log and the results show them. Got one in ${where}.`,
    ]);
    expect(JSON.stringify(list)).not.toMatch(/hunter2|first line|second line/);
  });

  it("is taken when a line of it is too short to be redacted", () => {
    expect(readList("ab\nabc", { secrets })).toEqual({ items: ["ab", "abc"] });
  });

  it("is not shown by another problem", () => {
    const text = `hunter2\nhunter2\n${"hunter2".repeat(20_000)}`;
    expect(problems(text, { secrets, batch: 2 })).toHaveLength(4);
    expect(JSON.stringify(readList(text, { secrets, batch: 2 }))).not.toContain("hunter2");
  });
});

it("what a glob matches is named by its place among the matches", () => {
  expect(problems("a\nhunter2", { secrets: { TOKEN: "hunter2" }, place: "match" })).toEqual([
    expect.stringContaining("Got one in match 2."),
  ]);
});

it("a match may be a blank, or end with a carriage return, as names of files may", () => {
  const bytes = Buffer.from(" \na\r");
  const rules = { batch: 1, secrets: {}, most: 1_000 };
  expect(readItemList(bytes, { ...rules, place: "match" })).toEqual({ items: [" ", "a\r"] });
  expect(readItemList(bytes, rules)).toEqual({ items: ["a"] });
});
