import type { Items, ItemSource } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { filesOfGlobs } from "./item-globs.ts";
import { LARGEST_BATCH, LARGEST_LIST, readItemList, type ListRules } from "./item-list.ts";
import { count, lines, type ParseResult, quoteValue } from "./parse.ts";
import { readFileOf } from "./workspace.ts";

const [FILE, GLOB, RUN] = ["file:", "glob:", "run:"] as const;
/** The most bytes of the input itself: the runner hands it over as a variable. */
const LARGEST_TEXT = 128 * 1024;

/** Whether the script runs for items. White space alone counts as given: it is what an empty expression leaves of a block of lines. */
export function hasItems({ source }: InputReader): boolean {
  return source.items !== undefined || source.get("items") !== "";
}

/** What the script runs for; undefined when the inputs are not given, or not valid, which is noted as a problem. */
export function readItems(reader: InputReader, secrets: Readonly<Record<string, string>>): Items | undefined {
  const batch = reader.orElse("batch", batchSize, 1);
  if (!hasItems(reader)) {
    if (reader.isGiven("batch"))
      reader.refuse(
        "batch",
        "left out without 'items'",
        quoteValue(reader.text("batch")),
        "It is how many items a run of the script gets: name them in 'items'.",
      );
    return undefined;
  }
  refuseWithOthers(reader);
  const source = readSource(reader, { batch, secrets });
  return source && { source, batch };
}

function batchSize(text: string): ParseResult<number | "auto"> {
  if (text === "auto") return { value: text };
  const size = count(1, LARGEST_BATCH)(text);
  return "value" in size ? size : { ...size, must: `${size.must}, or auto` };
}

function refuseWithOthers(reader: InputReader): void {
  if (reader.isGiven("max-parallel"))
    reader.refuse(
      "max-parallel",
      "left out with 'items'",
      quoteValue(reader.text("max-parallel")),
      "A worker of any task takes the next item when it is free: fewer 'tasks' or 'workers' run fewer at once.",
    );
  if (reader.source.door === "forward")
    reader.refuse("items", "left out with 'forwards'", "a value", "A forward runs no script.");
}

type Rules = Pick<ListRules, "batch" | "secrets">;

function readSource(reader: InputReader, rules: Rules): ItemSource | undefined {
  const { source } = reader;
  if (source.items !== undefined) return listOf(reader, source.items, { ...rules, most: LARGEST_LIST });
  const given = reader.raw("items").trimStart();
  // The prefix stands at the beginning of the value. A line further down that begins like one is an item.
  if (given.startsWith(RUN)) return commandOf(reader, given.slice(RUN.length));
  if (given.startsWith(GLOB)) return globbed(reader, given, rules);
  if (given.startsWith(FILE)) {
    const file = readFileOf(reader, "items", given.slice(FILE.length).trim());
    return file && listOf(reader, file.bytes, { ...rules, most: LARGEST_LIST });
  }
  return listOf(reader, Buffer.from(reader.raw("items")), { ...rules, most: LARGEST_TEXT });
}

function listOf(
  reader: InputReader,
  given: Uint8Array | readonly string[],
  rules: ListRules,
): ItemSource | undefined {
  const list = readItemList(given, rules);
  if ("items" in list) return { kind: "list", items: list.items };
  for (const { input, must, got, advice } of list.problems) reader.refuse(input, must, got, advice);
  return undefined;
}

function globbed(reader: InputReader, given: string, rules: Rules): ItemSource | undefined {
  const globs = lines(given)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const other = globs.find((line) => !line.startsWith(GLOB));
  if (other !== undefined) {
    reader.refuse(
      "items",
      "globs alone, each in a line that begins with glob:, or items alone",
      `${quoteValue(other)} below a glob`,
      "Items that begin with glob: come by a file that 'file:' names.",
    );
    return undefined;
  }
  const paths = reader.parsed("items", given, () => filesOfGlobs(globs, reader.source));
  if (paths === undefined) return undefined;
  return listOf(reader, Buffer.from(paths.join("\n")), { ...rules, most: LARGEST_LIST, place: "match" });
}

function commandOf(reader: InputReader, command: string): ItemSource | undefined {
  if (command.trim() !== "" && Buffer.byteLength(command) <= LARGEST_TEXT)
    return { kind: "command", command };
  const isEmpty = command.trim() === "";
  reader.refuse(
    "items",
    isEmpty ? "a command behind run:" : "a command of at most 128 KiB behind run:",
    isEmpty ? "none" : `${Buffer.byteLength(command)} bytes`,
    "The command runs once in the first task, and prints an item a line, such as run:pytest --collect-only -q >/tmp/tests && grep :: /tmp/tests",
  );
  return undefined;
}
