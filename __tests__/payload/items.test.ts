import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { scriptResults } from "../../src/report/file-commands.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { ScriptFiles } from "../../src/run/job/script-files.ts";
import { CANCEL, DETACH } from "../../src/payload/input.ts";
import { withNeed } from "../helpers/needs.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { runShell, shareOf, SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { curlOnly, ORDERED, removeAll, UploadedJob, WAYS } from "./upload-rig.ts";
import { processesOf, WatchedJob, type WatchedTerminal, type WatchOptions } from "../helpers/watch.ts";
import { everyNth } from "../helpers/every-nth.ts";

afterAll(removeAll);

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");

const NAMES = ["one", "two's", "three $HOME `x` \\", " vier ü ", "five"];

function facts({ events }: WatchedJob): string[] {
  return events.flatMap((event) => (event.kind === "item-fact" ? [event.text] : []));
}

/** What was packed of the directories of items, by order and index: the facts of the packer, and the archive unpacked into names and contents. */
function packed(job: WatchedJob): Record<string, { facts: string[]; files: Record<string, string> }> {
  const found: Record<string, { facts: string[]; files: Record<string, string> }> = {};
  const lines = facts(job).flatMap((fact) => {
    const [, of = "", kind = "", text = ""] = /^pack (\d+ \d+) ([af])(.*)$/.exec(fact) ?? [];
    return of === "" ? [] : [{ of, kind, text }];
  });
  for (const name of new Set(lines.map(({ of }) => of))) {
    const own = lines.filter(({ of }) => of === name);
    const bytes = own.flatMap(({ kind, text }) => (kind === "a" ? [Buffer.from(text, "base64")] : []));
    found[name] = {
      facts: own.flatMap(({ kind, text }) => (kind === "f" ? [text] : [])),
      files: filesOf(Buffer.concat(bytes)),
    };
  }
  return found;
}

function filesOf(archive: Buffer): Record<string, string> {
  if (archive.length === 0) return {};
  const list = execFileSync("tar", ["-tz"], { input: archive }).toString().split("\n");
  const names = list.filter((name) => name !== "" && !name.endsWith("/"));
  return Object.fromEntries(
    names.map((name) => [
      name.replace("./", ""),
      execFileSync("tar", ["-xzO", name], { input: archive, maxBuffer: 1 << 28 }).toString(),
    ]),
  );
}

/** What the step makes of the files of the script. */
function resultsOf({ events }: WatchedJob): ReturnType<typeof scriptResults> {
  const files = new ScriptFiles(new StepBudget().memory);
  for (const event of events)
    if (event.kind === "file-command" || event.kind === "file-left-out") files.take(event);
  return scriptResults(files.written(), { workers: 1, hasItems: true });
}

/** The facts without the seconds that something took. */
function timeless(job: WatchedJob): string[] {
  return facts(job).map((fact) => fact.replace(/ \d+\.\d\d /, " "));
}

/** The last fact that tells of an end: what confirms an order comes by another pipe, before or behind it. */
function lastEnd(job: WatchedJob): string | undefined {
  return timeless(job).findLast((fact) => fact.startsWith("end"));
}

function order(terminal: WatchedTerminal, ...lines: string[]): void {
  terminal.type(Buffer.from(lines.map((line) => `items ${line}\n`).join("")));
}

/** Runs a job with items that gets these orders once it has begun. */
async function follow(
  options: WatchOptions,
  lines: readonly string[],
  then?: (job: WatchedJob, terminal: WatchedTerminal) => Promise<void>,
): Promise<WatchedJob> {
  const job = new WatchedJob(options);
  try {
    const terminal = job.attach();
    await terminal.says("header");
    order(terminal, ...lines);
    await then?.(job, terminal);
    await terminal.closed;
    return job;
  } finally {
    job.remove();
  }
}

/** Lines about the item ITEM that fail it, with the end that they tell. */
const FAILING: Readonly<Record<string, string>> = {
  ...{ "-11 0.5 ITEM": "1 0.500", "256 0.5 ITEM": "1 0.500", "1234 0.5 ITEM": "1 0.500" },
  ...{ "1 0.5 ITEM\\r": "1 0.500", "255 1.2e-05 ITEM": "255 0" },
};

/** Lines that can't be read. So none of the file counts. */
const UNREADABLE = [
  ...["1 -0.5 ITEM", "1 NaN ITEM", "1 0.5e+1 ITEM", "1 .5 ITEM", "1 0,5 ITEM", "1 1e3 ITEM", "1 . ITEM"],
  ...["1 1.2.3 ITEM", "1 1234567890 ITEM", "x 1 ITEM", "+1 1 ITEM", "1.0 1 ITEM", " 1 0.5 ITEM"],
  ...["1  0.5 ITEM", "1 0.5  ITEM", "1 0.5 ITEM ", "1 0.5 ITEM\\t", "1\\t0.5\\tITEM", "1\\t0.5 ITEM"],
  ...["1", "1 0.5", "1 0.5 ", "1 ITEM", " "],
  // Two lines in one: the first one has no end, or only its beginning.
  ...["0 0.1 another1 0.5 ITEM", "0 0.5 ITEM1 0.2 another", "0 0.1 another\\r-11 0.5 ITEM\\r0 0.1 another"],
  ...["0 0.11 0.5 ITEM", "0 1 0.5 ITEM", "0 0.1 an1 0.5other ITEM"],
];

describe.each(SHELLS)("the items of a job in %s", (sh) => {
  const mine = shareOf(sh, SHELLS, [1, 2, 3, 4, 5]);
  /** A test of this number, if the shell's share has it: one shell runs each, and `npm run soak shells` all. */
  const shared = (number: number, title: string, test: () => Promise<void>, ms?: number): void => {
    if (mine.includes(number)) it.concurrent(title, test, ms);
  };

  it.concurrent("are each run once with their variables, those of a batch together", async () => {
    const script =
      'printf "%s/%s/%s/%s\\n" "$FARGATE_EXEC_ITEM_INDEX" "$FARGATE_EXEC_ITEMS_TOTAL" "$FARGATE_EXEC_ITEM_ATTEMPT" "$FARGATE_EXEC_ITEM"; cat "$FARGATE_EXEC_ITEMS_FILE"; exit "$FARGATE_EXEC_ITEM_INDEX"';
    const job = await follow({ sh, script, items: NAMES }, ["1 give 0 1 2@2", "2 give 3,4", "3 end"]);
    expect(job.output("stdout").toString()).toBe(
      [
        "0/5/1/one\none\n",
        "1/5/1/two's\ntwo's\n",
        "2/5/2/three $HOME `x` \\\nthree $HOME `x` \\\n",
        "3/5/1/ vier ü \nfive\n vier ü \nfive\n",
      ].join(""),
    );
    expect(timeless(job).filter((fact) => !fact.startsWith("got"))).toEqual([
      ...["begin 1 0 0", "end 1 0 0 0", "begin 1 1 0", "end 1 1 1 0", "begin 1 2 0", "end 1 2 2 0"],
      ...["begin 2 3 0", "end 2 3,4 3 0"],
    ]);
    expect(facts(job).filter((fact) => fact.startsWith("got"))).toEqual(["got 1", "got 2", "got 3"]);
    expect(job.status).toMatchObject({ kind: "ended", reason: "exited", workers: [{ exitCode: 0 }] });
  });

  shared(
    1,
    "are run by all workers at once, and what has not begun can be given back and given again",
    async () => {
      const script =
        'echo "$FARGATE_EXEC_ITEM begins" && sleep 0.$FARGATE_EXEC_ITEM_INDEX && echo "$FARGATE_EXEC_ITEM ends"';
      const job = await follow(
        { sh, script, workers: 2, items: ["a", "b", "c", "d", "e", "f"] },
        ["1 give 5 4 3 2"],
        async (job, terminal) => {
          await until(() => facts(job).filter((fact) => fact.startsWith("begin")).length === 2);
          order(terminal, "2 back", "3 give 2", "3 give 1", "5 give 0", "4 give 3 0", "5 end");
        },
      );
      expect(facts(job).filter((fact) => fact.startsWith("back"))).toEqual(["back 2 1.3 1.2"]);
      const begun = timeless(job).filter((fact) => fact.startsWith("begin"));
      expect(begun.map((fact) => fact.split(" ").slice(1, 3).join(" ")).toSorted()).toEqual([
        "1 4",
        "1 5",
        "3 2",
        "4 0",
        "4 3",
      ]);
      expect(
        job
          .output("stdout")
          .toString()
          .match(/. ends/g)
          ?.toSorted(),
      ).toEqual(["a ends", "c ends", "d ends", "e ends", "f ends"]);
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 0 }, { exitCode: 0 }] });
    },
  );

  shared(
    2,
    "that the script reports have the ends that it has reported, told before that of their run",
    async () => {
      const script = `
printf '%s\\n' "7 0.5 $(sed -n 2p "$FARGATE_EXEC_ITEMS_FILE")" "0 1.23456 one" "1 3 $(sed -n 3p "$FARGATE_EXEC_ITEMS_FILE")" \
  "" "0 1e-05 five" >>"$FARGATE_EXEC_ITEM_RESULTS"
printf '0 12 %s' "$(sed -n 2p "$FARGATE_EXEC_ITEMS_FILE")" >>"$FARGATE_EXEC_ITEM_RESULTS"
exit 9`;
      const job = await follow({ sh, script, items: NAMES }, ["1 give 0,2,3,4", "2 end"]);
      expect(facts(job).filter((fact) => fact.startsWith("item"))).toEqual([
        ...["item 1 0 0 1.234", "item 1 2 7 0.500", "item 1 3 1 3", "item 1 4 0 0"],
      ]);
      expect(lastEnd(job)).toBe("end 1 0,2,3,4 9 0");
      expect(job.output("stderr").toString()).toBe("");
    },
  );

  shared(
    3,
    "that the script reports as failed in any form are never green",
    async () => {
      const [fail, refuse] = [Object.keys(FAILING), UNREADABLE];
      const script = `
item=$(sed -n 1p "$FARGATE_EXEC_ITEMS_FILE")
case $FARGATE_EXEC_ITEM_INDEX in
${[...fail, ...refuse].map((line, index) => `${2 * index}) line='${line}' ;;`).join("\n")}
esac
echo "0 1 $item" >"$FARGATE_EXEC_ITEM_RESULTS"
printf '%b\\n' "$line" | sed "s/ITEM/$item/" >>"$FARGATE_EXEC_ITEM_RESULTS"`;
      const items = [...fail, ...refuse].flatMap((_, index) => [`item ${index}`, `other ${index}`]);
      const orders = [...fail, ...refuse].map((_, index) => `${2 * index},${2 * index + 1}`);
      const job = await follow({ sh, script, items }, [`1 give ${orders.join(" ")}`, "2 end"]);
      expect(timeless(job).filter((fact) => /^(item|end)/.test(fact))).toEqual([
        ...fail.flatMap((line, index) => [
          `item 1 ${2 * index} ${FAILING[line] ?? ""}`,
          `end 1 ${2 * index},${2 * index + 1} 0 0`,
        ]),
        ...refuse.map((_, index) => `end 1 ${orders[fail.length + index] ?? ""} 126 0`),
      ]);
      expect(
        job
          .output("stderr")
          .toString()
          .match(/no line in FARGATE_EXEC_ITEM_RESULTS counts, since one/g),
      ).toHaveLength(refuse.length);
    },
    60_000,
  );

  shared(3, "that are reported by what can't be read have failed, and keep no worker waiting", async () => {
    const script = `
rm "$FARGATE_EXEC_ITEM_RESULTS"
case $FARGATE_EXEC_ITEM in
  none) ;;
  directory) mkdir "$FARGATE_EXEC_ITEM_RESULTS" ;;
  FIFO) mkfifo "$FARGATE_EXEC_ITEM_RESULTS" ;;
  "FIFO with a line") mkfifo "$FARGATE_EXEC_ITEM_RESULTS"; exec 3<>"$FARGATE_EXEC_ITEM_RESULTS"; echo "0 1 $FARGATE_EXEC_ITEM" >&3 ;;
  socket) python3 -c 'import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ["FARGATE_EXEC_ITEM_RESULTS"])' ;;
  link) ln -s /etc/passwd "$FARGATE_EXEC_ITEM_RESULTS" ;;
  "link to nothing") ln -s /none/there "$FARGATE_EXEC_ITEM_RESULTS" ;;
  "large file") yes "0 1 $FARGATE_EXEC_ITEM" | head -n 100000 >"$FARGATE_EXEC_ITEM_RESULTS" ;;
esac`;
    const odd = ["directory", "FIFO", "FIFO with a line", "socket", "link", "link to nothing", "large file"];
    const items = ["none", ...odd];
    const job = await follow({ sh, script, items }, [`1 give ${[...items.keys()].join(" ")}`, "2 end"]);
    expect(timeless(job).filter((fact) => /^(item|end)/.test(fact))).toEqual([
      "end 1 0 0 0",
      ...odd.map((_, index) => `end 1 ${index + 1} 126 0`),
    ]);
    expect(
      job
        .output("stderr")
        .toString()
        .match(/FARGATE_EXEC_ITEM_RESULTS is not read/g),
    ).toHaveLength(odd.length);
  });

  shared(4, "have a directory of their own for each run, which comes back before the end", async () => {
    const script = `
ls -A "$FARGATE_EXEC_ITEM_DIR"
[ "$FARGATE_EXEC_ITEM_INDEX" != 0 ] || exit 0
mkdir "$FARGATE_EXEC_ITEM_DIR/a b"
echo "$FARGATE_EXEC_ITEM_ATTEMPT of $FARGATE_EXEC_ITEM" >"$FARGATE_EXEC_ITEM_DIR/junit.xml"
echo hidden >"$FARGATE_EXEC_ITEM_DIR/a b/.c"`;
    const job = await follow({ sh, script, items: NAMES }, [
      "1 give 0 1",
      "2 give 1@2",
      "3 give 3,4",
      "4 end",
    ]);
    expect(job.output("stdout").toString()).toBe("");
    expect(Object.entries(packed(job)).map(([of, { files }]) => [of, files])).toEqual([
      ["1 1", { "junit.xml": "1 of two's\n", "a b/.c": "hidden\n" }],
      ["2 1", { "junit.xml": "2 of two's\n", "a b/.c": "hidden\n" }],
      ["3 3", { "junit.xml": "1 of  vier ü \nfive\n", "a b/.c": "hidden\n" }],
    ]);
    const order = facts(job).flatMap((fact) => /^(begin|end|pack) (\d+ \d+)/.exec(fact)?.[0] ?? []);
    expect([...new Set(order)]).toEqual(
      ["1 0", "1 1", "2 1", "3 3"].flatMap((of) =>
        ["begin", ...(of === "1 0" ? [] : ["pack"]), "end"].map((word) => `${word} ${of}`),
      ),
    );
  });

  shared(5, "have outputs and summaries of their own, whatever earlier ones have left open", async () => {
    const script = `
exec 3>>"$GITHUB_OUTPUT"
case $FARGATE_EXEC_ITEM_INDEX in
  0) printf 'a<<EOF\\nb=no\\n' >"$GITHUB_OUTPUT"; (sleep 3; echo late=1 >&3) >/dev/null 2>&1 & kill -9 $$ ;;
  1) printf b=1 >"$GITHUB_OUTPUT"; echo '# one' >"$GITHUB_STEP_SUMMARY" ;;
  2) head -c 1048000 /dev/zero | tr '\\0' x >"$GITHUB_OUTPUT"; head -c 1048577 /dev/zero >"$GITHUB_STEP_SUMMARY" ;;
  3) rm "$GITHUB_OUTPUT"; mkfifo "$GITHUB_OUTPUT"; ln -sf /etc/passwd "$GITHUB_STEP_SUMMARY" ;;
  4) echo c=2 >"$GITHUB_OUTPUT"; echo '# two' >"$GITHUB_STEP_SUMMARY"; sleep 4 ;;
esac`;
    const job = await follow({ sh, script, items: NAMES }, ["1 give 0 1 2 3 4", "2 end"]);
    expect(resultsOf(job)).toEqual({
      outputs: [
        ["b", "1"],
        ["c", "2"],
      ],
      summaries: [{ worker: 0, text: "# one\n# two\n" }],
      problems: [
        expect.stringMatching(/^GITHUB_OUTPUT of item 0: line 1, 'a<<EOF', has no line with its delimiter/),
        expect.stringMatching(/^GITHUB_OUTPUT of item 2: line 1, 'x+…', is neither/),
        expect.stringMatching(/^GITHUB_OUTPUT of item 3 was left out: it has 0 bytes/),
        expect.stringMatching(/^GITHUB_STEP_SUMMARY of item 2 was left out: it has 1048577 bytes/),
        expect.stringMatching(/^GITHUB_STEP_SUMMARY of item 3 was left out: it has 0 bytes/),
      ],
    });
  });

  shared(5, "in hand at a cancel are stopped, and no further one begins", async () => {
    const job = await follow(
      { sh, script: "sleep 30", workers: 2, items: NAMES },
      ["1 give 0 1 2 3 4"],
      async (job, terminal) => {
        await until(() => facts(job).filter((fact) => fact.startsWith("begin")).length === 2);
        terminal.type(CANCEL);
      },
    );
    expect(timeless(job).filter((fact) => fact.startsWith("begin"))).toHaveLength(2);
    expect(
      timeless(job)
        .filter((fact) => fact.startsWith("end"))
        .toSorted(),
    ).toEqual([expect.stringMatching(/^end 1 0 143! [01]$/), expect.stringMatching(/^end 1 1 143! [01]$/)]);
    expect(job.status).toMatchObject({
      reason: "cancelled",
      workers: [{ stopped: true }, { stopped: true }],
    });
  });
});

it("a job that may be left tells them also when it ends before that: the step may leave without having read all", async () => {
  const job = await follow({ script: "exit 3", items: ["one"], detaches: true }, ["1 give 0", "2 end"]);
  expect(timeless(job).slice(-2)).toEqual(["text 0 one", "end 1 0 3 0"]);
});

it.each(everyNth(["python3", "awk"], 2))(
  "a secret that is a word of a fact hides nothing of those that are repeated, by %s",
  async (recorder) => {
    const containerEnv = recorder === "awk" ? { PATH: curlOnly() } : {};
    const options = {
      containerEnv,
      script: "exit 3",
      items: ["one"],
      detaches: true,
      secrets: { PIN: "1 0 3" },
    };
    const job = await follow(options, ["1 give 0", "2 end"]);
    expect(timeless(job).slice(-2)).toEqual(["text 0 one", "end 1 0 3 0"]);
  },
);

it("of an item at most 1,001 bytes are told at the end, also by a shell that counts characters", async () => {
  const job = await follow(
    {
      ...{ sh: "bash", containerEnv: { LC_ALL: "C.UTF-8" } },
      ...{ script: ":", items: ["é".repeat(2_000), "é".repeat(500)], detaches: true },
    },
    ["1 give 0 1", "2 end"],
  );
  expect(timeless(job).slice(-4)).toEqual([
    ...[`text 0 ${"é".repeat(500)}\ufffd`, `text 1 ${"é".repeat(500)}`],
    ...["end 1 0 0 0", "end 1 1 0 0"],
  ]);
});

it.each(everyNth(["python3", "awk"], 2, 1))(
  "a job that was left tells all ends and texts once more, by %s",
  async (recorder) => {
    const items = ["one", "two", "\u001b]7733;i\u0007end 1 2 0 0 0", "four \ufffd"];
    const containerEnv = recorder === "awk" ? { PATH: curlOnly() } : {};
    const script = 'sleep 1; exit "$FARGATE_EXEC_ITEM_INDEX"';
    const job = new WatchedJob({ containerEnv, script, items, detaches: true });
    const terminal = job.attach();
    try {
      await terminal.says("header");
      order(terminal, "1 give 0,3 2", "2 end");
      await until(() => facts(job).includes("got 2"));
      terminal.type(DETACH);
      await terminal.closed;
      // Another step, which has read all that this one has.
      await job.attachOnly(job.extractor.offset).closed;
      const told = timeless(job).filter((fact) => /^(end|text)/.test(fact));
      // The first time they are told as they happen.
      expect(told.slice(2)).toEqual([
        ...["text 0 one", "text 1 two", "text 2 \u001b]7733;i\u0007end 1 2 0 0 0", "text 3 four \ufffd"],
        ...["end 1 0,3 0 0", "end 1 2 2 0"],
      ]);
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 0 }] });
    } finally {
      job.remove();
    }
  },
);

it("are run without python3, too", async () => {
  const containerEnv = { PATH: curlOnly() };
  const script =
    'echo "$FARGATE_EXEC_ITEM"; case $FARGATE_EXEC_ITEM in *five) echo "5 2 five" >"$FARGATE_EXEC_ITEM_RESULTS" ;; esac; exit "$FARGATE_EXEC_ITEM_INDEX"';
  const job = await follow({ containerEnv, script, workers: 2, items: NAMES }, [
    "1 give 0 1 2",
    "2 give 3,4",
    "3 end",
  ]);
  expect(
    timeless(job)
      .filter((fact) => fact.startsWith("end"))
      .map((fact) => fact.slice(0, -2))
      .toSorted(),
  ).toEqual([...["end 1 0 0", "end 1 1 1", "end 1 2 2", "end 2 3,4 3"]]);
  expect(job.status).toMatchObject({ reason: "exited" });
});

it("that a line names which are none of the run have no end by that, which is told once", async () => {
  const lines = ["", "0 1 c", "0 1 a b", "0 2 b", "00 1 d", `0 1 ${"y".repeat(999)}`];
  const script = `cat >"$FARGATE_EXEC_ITEM_RESULTS" <<'END'\n${lines.join("\n")}\nEND`;
  const job = await follow({ script, items: ["a", "b", "c"] }, ["1 give 0,1", "2 end"]);
  expect(facts(job).filter((fact) => fact.startsWith("item"))).toEqual(["item 1 1 0 2"]);
  expect(lastEnd(job)).toBe("end 1 0,1 0 0");
  expect(job.output("stderr").toString()).toBe(
    "fargate-exec: 4 of the lines in FARGATE_EXEC_ITEM_RESULTS name no item of this run. The first one: '0 1 c'\n",
  );
});

it.each([
  ["one that has failed names none of the run", "0 1 a\n3 1 ./b\n0 1 b", ["end 1 0,1 126 0"]],
  ["one may be two in one", "0 1 a\n0 1 b\n0 1 a1 0.2 b", ["end 1 0,1 126 0"]],
  [
    "the last one that has failed counts",
    "0 1 a\n3 1 b\n4 2 b\n0 3 b",
    ["item 1 0 0 1", "item 1 1 4 2", "end 1 0,1 0 0"],
  ],
])("whose reports hide a failure have failed: %s", async (_, lines, told) => {
  const script = `cat >"$FARGATE_EXEC_ITEM_RESULTS" <<'END'\n${lines}\nEND`;
  const job = await follow({ script, items: ["a", "b"] }, ["1 give 0,1", "2 end"]);
  expect(timeless(job).filter((fact) => /^(item|end)/.test(fact))).toEqual(told);
});

it("of a batch whose indices do not ascend do not run, since their ends would be told of others", async () => {
  const job = await follow({ script: "echo ran", items: ["a", "b", "c"] }, ["1 give 2,0 1", "2 end"]);
  expect(timeless(job).filter((fact) => fact.startsWith("end"))).toEqual(["end 1 2,0 126 0", "end 1 1 0 0"]);
  expect(job.output("stdout").toString()).toBe("ran\n");
});

it("that were reported before a cancel keep that, and a run that reports nothing has an empty file", async () => {
  const script =
    '[ ! -s "$FARGATE_EXEC_ITEM_RESULTS" ] || exit 3; echo "0 1 a" >>"$FARGATE_EXEC_ITEM_RESULTS"; echo begun; [ "$FARGATE_EXEC_ITEM" = c ] || sleep 30';
  const job = await follow({ script, items: ["a", "b", "c"] }, ["1 give 2 0,1"], async (job, terminal) => {
    await until(() => job.output("stdout").toString() === "begun\nbegun\n");
    terminal.type(CANCEL);
  });
  expect(timeless(job).filter((fact) => /^(item|end)/.test(fact))).toEqual([
    ...["end 1 2 0 0", "item 1 0 0 1", "end 1 0,1 143! 0"],
  ]);
});

it("whose reports are still read when the workers are killed have failed, and the job ends", async () => {
  const items = Array.from({ length: 500 }, (_, index) => `tests/test_${index}.py::test_of_some_length`);
  const script = 'yes "0 1 of none" | head -n 80000 >"$FARGATE_EXEC_ITEM_RESULTS"; echo ready';
  let cancelledAt = 0;
  const job = await follow(
    { script, items },
    [`1 give ${[...items.keys()].join(",")}`],
    async (job, terminal) => {
      await until(() => job.output("stdout").toString() === "ready\n");
      cancelledAt = quietTime();
      terminal.type(CANCEL);
    },
  );
  expect(quietTime() - cancelledAt).toBeLessThan(6_000);
  expect(timeless(job).at(-1)).toMatch(/^end 1 0,1,.* 126! 0$/);
  expect(job.output("stderr").toString()).toContain("not all of them were read when the job was stopped");
});

it("that a process reports which an earlier run has left are no ends of a later run", async () => {
  const script = `[ "$FARGATE_EXEC_ITEM" != a ] || { (until [ -e "\${0%/*}/go" ]; do sleep 0.05; done
  printf '1 9 b\\n1 9' >>"$FARGATE_EXEC_ITEM_RESULTS"; : >"\${0%/*}/gone") >/dev/null 2>&1 & exit 75; }
: >"\${0%/*}/go"; until [ -e "\${0%/*}/gone" ]; do sleep 0.05; done`;
  const job = await follow({ script, items: ["a", "b", "c"] }, ["1 give 0 1 2", "2 end"]);
  expect(timeless(job).filter((fact) => /^(item|end)/.test(fact))).toEqual([
    ...["end 1 0 75 0", "end 1 1 0 0", "end 1 2 0 0"],
  ]);
});

it("are found fast among 500 that are reported in another order", async () => {
  const items = Array.from({ length: 500 }, (_, index) => `tests/test_${index}.py::test_of_some_length`);
  const script = 'sort -r "$FARGATE_EXEC_ITEMS_FILE" | sed "s/^/0 1 /" >"$FARGATE_EXEC_ITEM_RESULTS"';
  const began = quietTime();
  const job = await follow({ script, items }, [`1 give ${[...items.keys()].join(",")}`, "2 end"]);
  expect(facts(job).filter((fact) => fact.startsWith("item"))).toHaveLength(500);
  expect(quietTime() - began).toBeLessThan(10_000);
});

it.each(everyNth(["mawk", "gawk", "busybox"], 3))(
  "have their directories without python3, with the awk of %s",
  async (awk) => {
    const path = withoutPython(awk, tmpdir());
    for (const tool of ["find", "sort", "stat", "tar", "seq"]) {
      rmSync(join(path, tool), { force: true });
      symlinkSync(findProgram(awk === "busybox" ? "busybox" : tool), join(path, tool));
    }
    const script = `
seq 60000 >"$FARGATE_EXEC_ITEM_DIR/$FARGATE_EXEC_ITEM_INDEX"
mkdir "$FARGATE_EXEC_ITEM_DIR/of"
echo "$FARGATE_EXEC_ITEM" >"$FARGATE_EXEC_ITEM_DIR/of/item"`;
    const job = await follow({ containerEnv: { PATH: path }, script, workers: 3, items: NAMES }, [
      "1 give 0 1 2 3 4",
      "2 end",
    ]);
    rmSync(path, { recursive: true });
    const all = Array.from({ length: 60_000 }, (_, i) => `${i + 1}\n`).join("");
    expect(packed(job)).toEqual(
      Object.fromEntries(
        NAMES.map((name, index) => [
          `1 ${index}`,
          {
            facts: expect.arrayContaining(["end 0 -"]) as string[],
            files: { [index]: all, "of/item": `${name}\n` },
          },
        ]),
      ),
    );
  },
);

it("in hand at a cancel have their directories, and one that would take too long ends the job no later", async () => {
  const script = `
trap 'echo last >"$FARGATE_EXEC_ITEM_DIR/last"; exit 9' TERM
head -c 12000000 /dev/urandom >"$FARGATE_EXEC_ITEM_DIR/large"
echo ready; while :; do sleep 0.05; done`;
  let [cancelledAt, endedAt] = [0, Infinity];
  const onEvent: WatchOptions["onEvent"] = ({ kind }) => {
    if (kind === "status") endedAt = quietTime();
  };
  // Nothing is confirmed, and the spool is soon full.
  const job = await follow(
    { script, workers: 2, items: NAMES, confirm: false, spoolLimit: 4 << 20, onEvent },
    ["1 give 0 1"],
    async (job, terminal) => {
      await until(() => job.output("stdout").toString().split("ready").length === 3);
      cancelledAt = quietTime();
      terminal.type(CANCEL);
    },
  );
  expect(endedAt - cancelledAt).toBeLessThan(6_000);
  expect(job.status).toMatchObject({ reason: "cancelled" });
  expect(facts(job).filter((fact) => fact.startsWith("end"))).toHaveLength(2);
  for (const run of ["1 0", "1 1"]) {
    const own = facts(job).filter((fact) => fact.startsWith(`pack ${run} `));
    expect(own.some((fact) => fact.includes('list 5 "last"'))).toBe(true);
    expect(own.at(-1)).toMatch(/ f(cut|end .*)$/);
  }
});

asOthers("belong to the script's user, who packs them, and has no pipe of facts", async () => {
  const script = `
id -un; stat -c %U:%a "$FARGATE_EXEC_ITEM_DIR"
mkdir "$FARGATE_EXEC_ITEM_DIR/deep"; echo x >"$FARGATE_EXEC_ITEM_DIR/deep/f"; ln -s /etc "$FARGATE_EXEC_ITEM_DIR/deep/etc"
ls "\${FARGATE_EXEC_ITEM_DIR%/*}" >&2 || :
ls -l /proc/self/fd | grep -c "[0-9][.]f$\\|facts" || :`;
  const job = await follow(
    { script, user: "nobody", items: NAMES },
    ["1 give 0 1"],
    async (job, terminal) => {
      await until(() => facts(job).some((fact) => fact.startsWith("end 1 1")));
      await until(() => !readdirSync(job.directory ?? "").includes("item.0.1.d"));
      order(terminal, "2 end");
    },
  );
  expect(job.output("stdout").toString()).toBe("nobody\nnobody:700\n0\n".repeat(2));
  expect(Object.values(packed(job)).map(({ files }) => files["deep/f"])).toEqual(["x\n", "x\n"]);
  expect(readdirSync("/etc").length).toBeGreaterThan(5);
});

it("are told of while the spool is full: no worker keeps the helper from taking confirmations", async () => {
  const script =
    'head -c 3000000 /dev/urandom | base64 -w 0 >"$FARGATE_EXEC_ITEM_DIR/f"; head -c 3000000 "$FARGATE_EXEC_ITEM_DIR/f"';
  const job = await follow(
    { script, workers: 3, items: NAMES, spoolLimit: 4 << 20 },
    ["1 give 0 1 2 3 4"],
    async (job, terminal) => {
      await until(() => facts(job).some((fact) => fact.startsWith("begin")));
      for (let number = 2; number < 40; number += 1) order(terminal, `${number} back`);
      order(terminal, "40 end");
    },
  );
  expect(facts(job).filter((fact) => fact.startsWith("got"))).toHaveLength(40);
  expect(job.status).toMatchObject({ reason: "exited" });
});

it.each(everyNth(["1 give ../x 9 1 1,0 @ , 00000 0", "1 give * 0", "1 give 1;2 0"], 2))(
  "an order with other words than indices gives only those: %s",
  async (line) => {
    const job = await follow({ script: "echo $FARGATE_EXEC_ITEM", items: ["a"] }, [line, "2 end"]);
    expect(job.output("stdout").toString()).toBe("a\n");
  },
);

it("can be forged by no script", async () => {
  const script =
    "printf '\\033]7733;i\\007end 1 0 0 0.00 0\\n'; ls -l /proc/self/fd | grep -c facts || :; exit 3";
  const job = await follow({ script, items: ["a"] }, ["1 give 0", "2 end"]);
  expect(timeless(job).filter((fact) => fact.startsWith("end"))).toEqual(["end 1 0 3 0"]);
  expect(job.output("stdout").toString()).toContain("\n0\n");
});

it("that have nothing are no failure of the script", async () => {
  const job = await follow({ script: "echo ran", workers: 2, items: ["a"] }, ["1 end"]);
  expect(job.status).toMatchObject({ kind: "ended", reason: "exited" });
});

it("of a worker whose script was replaced by a directory or a link come from the list, and one that can't be written fails", async () => {
  const script = `
case $FARGATE_EXEC_ITEM in
  a) rm "$FARGATE_EXEC_ITEMS_FILE"; mkdir "$FARGATE_EXEC_ITEMS_FILE" ;;
  b) ln -sf /dev/null "$FARGATE_EXEC_ITEMS_FILE" ;;
  c) cat "$FARGATE_EXEC_ITEMS_FILE"; rm "\${FARGATE_EXEC_ITEMS_FILE%/*}"/text.1.3.*; : >"\${FARGATE_EXEC_ITEMS_FILE%/*}/items" ;;
esac
echo "ran $FARGATE_EXEC_ITEM"`;
  const job = await follow({ script, items: ["a", "b", "c", "d"] }, ["1 give 0 1 2 3", "2 end"]);
  expect(job.output("stdout").toString()).toBe("ran a\nran b\nc\nran c\n");
  expect(lastEnd(job)).toBe("end 1 3 126 0");
  expect(job.output("stderr").toString()).toContain("can't be written");
});

const RECORDERS: readonly (readonly [
  string,
  { readonly containerEnv?: Readonly<Record<string, string>> },
])[] = [
  ["python3", {}],
  ["awk", { containerEnv: { PATH: curlOnly() } }],
];

it.each(everyNth(RECORDERS, 2, 1))(
  "of a worker that was killed are told at once to have no end, and the other worker goes on, with the recorder in %s",
  async (_, options) => {
    const script = 'if [ "$FARGATE_EXEC_ITEM" = b ]; then kill -9 $PPID; fi; sleep 0.1';
    const job = await follow(
      { ...options, script, workers: 2, items: ["a", "b", "c", "d"] },
      ["1 give 0 1"],
      async (job, terminal) => {
        await until(() => facts(job).some((fact) => /^gone [01]$/.test(fact)));
        order(terminal, "2 give 2 3", "3 end");
      },
    );
    expect(facts(job).flatMap((fact) => /^end . (\d)/.exec(fact)?.[1] ?? [])).toEqual(["0", "2", "3"]);
    expect(job.status).toMatchObject({ kind: "lost" });
  },
);

it("come to a worker that can't say that it waits, as on a full disk", async () => {
  const script =
    'rm "${0%/*}/0.idle"; ln -s /none/idle "${0%/*}/0.idle"; : >"${0%/*}/ran.$FARGATE_EXEC_ITEM"';
  const job = await follow({ script, items: ["a", "b"] }, ["1 give 0"], async (job, terminal) => {
    await until(() => facts(job).some((fact) => fact.startsWith("end 1 0")));
    order(terminal, "2 give 1", "3 end");
  });
  expect(lastEnd(job)).toBe("end 2 1 0 0");
  expect(job.status).toMatchObject({ reason: "exited" });
});

asOthers.each(everyNth(SHELLS, 5))(
  "are left to other tasks where no inode is left, though bytes are, in %s",
  async (sh) => {
    const container = await SharedContainer.start(sh);
    try {
      container.run("mount -t tmpfs -o nr_inodes=200,mode=755 tmpfs /var/lib");
      const fill = "i=0; while true 2>/dev/null >/var/lib/x$i; do i=$((i + 1)); done; exit 0";
      const options = { within: container, sh: "/bin/sh", containerEnv: { PATH: "/usr/bin:/bin" } };
      const job = await follow(
        { ...options, script: fill, workers: 2, items: ["a", "b"] },
        ["1 give 0"],
        async (job, terminal) => {
          await until(() => facts(job).some((fact) => fact.startsWith("end 1 0 0")));
          order(terminal, "2 give 1");
        },
      );
      expect(facts(job).filter((fact) => fact.startsWith("begin"))).toHaveLength(1);
      expect(
        job
          .output("stderr")
          .toString()
          .match(/\] fargate-exec: no file can be made in \S+, so this worker/g),
      ).toHaveLength(2);
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 126 }, { exitCode: 126 }] });
    } finally {
      await container.stop();
    }
  },
);

asOthers.each(
  everyNth(
    SHELLS.flatMap((sh) => shareOf(sh, SHELLS, WAYS).map((way) => ({ sh, ...way }))),
    3,
  ),
)(
  "begin no more on a disk that was full, also when it has room again, and the job ends, in $sh with $way",
  async ({ sh, options }) => {
    const container = await SharedContainer.start(sh);
    const run = async (script: string, workers: number, give: string): Promise<WatchedJob> => {
      container.run("mount -t tmpfs -o size=1m,mode=755 tmpfs /var/lib");
      const job = { ...options(container), within: container, sh: "/bin/sh", script, workers };
      const ended = await follow({ ...job, items: ["a", "b", "c"] }, [`1 give ${give}`]);
      container.run("umount -l /var/lib");
      return ended;
    };
    const fill = "dd if=/dev/zero of=/var/lib/fill bs=4k 2>/dev/null || true";
    // More than all pipes of the recorders hold: some of it was not kept before there is room again.
    const print = "seq 100000; rm /var/lib/fill; echo $FARGATE_EXEC_ITEM >>/run/ended";
    try {
      // The last block of the spool has room for facts, and nothing else has to be kept.
      const quiet = await run(fill, 1, "0 1 2");
      expect(timeless(quiet).filter((fact) => !fact.startsWith("got"))).toEqual([
        ...["begin 1 0 0", "end 1 0 0 0", "begin 1 1 0", "end 1 1 126 0"],
      ]);
      expect(quiet.output("stderr").toString()).toContain("so this worker takes no further item");
      expect(quiet.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 126 }] });

      const unheard = [
        await run(`${fill}; ${print}`, 1, "0 1 2"),
        // One worker waits from the begin on.
        await run(`${fill}; ${print}`, 2, "0"),
      ];
      expect(container.read("/run/ended")).toBe("a\na\n");
      for (const [at, job] of unheard.entries()) {
        // The disk may be full before the begin of the first one is recorded.
        expect(facts(job).filter((fact) => !/^(got 1|begin 1 0 [01])$/.test(fact))).toEqual([]);
        expect(job.status).toEqual({
          kind: "lost",
          text: "not all of its output could be kept, as on a full disk",
          ...(at === 0 && { unbegun: { order: 1, index: 1 } }),
        });
      }
    } finally {
      await container.stop();
    }
  },
);

it.each(everyNth(SHELLS, 5, 1))(
  "come from a line of the stock that a worker saw before it was whole, in %s",
  async (sh) => {
    const script = `[ "$FARGATE_EXEC_ITEM" = b ] || until [ -e "$FARGATE_EXEC_ITEM_DIR/go" ]; do sleep 0.02; done; echo "$FARGATE_EXEC_ITEM"`;
    const job = await follow({ sh, script, items: ["a", "b"] }, ["1 give 0"], async (job, terminal) => {
      await until(() => facts(job).includes("begin 1 0 0"));
      const directory = job.directory ?? "";
      appendFileSync(join(directory, "stock"), "7 1");
      await until(() => existsSync(join(directory, "item.0.1.d")));
      writeFileSync(join(directory, "item.0.1.d/go"), "");
      await untilWaits(job);
      appendFileSync(join(directory, "stock"), "@2 77\n");
      order(terminal, "2 end");
    });
    expect(timeless(job).filter((fact) => fact.startsWith("end"))).toEqual(["end 1 0 0 0", "end 7 1 0 0"]);
    expect(job.output("stdout").toString()).toBe("a\nb\n");
  },
);

it("of a worker whose shell was killed leave no process, also in a later run", async () => {
  const script = '[ "$FARGATE_EXEC_ITEM" = a ] || { kill -KILL $PPID; exec sleep 333.5; }';
  const job = await follow({ script, items: ["a", "b"] }, ["1 give 0 1"]);
  expect(timeless(job)).toContain("end 1 0 0 0");
  expect(job.status).toMatchObject({ kind: "lost" });
  // The status is there before those that the job has killed are gone.
  await until(() => processesOf("sleep\x00333.5\x00").length === 0);
});

it("of a long order are fetched when they run, so that it fills no disk and keeps no cancel waiting", async () => {
  const items = Array.from({ length: 100 }, (_, index) => `item ${index}`);
  const script = `[ "$FARGATE_EXEC_ITEM_INDEX" != 0 ] || ls "\${0%/*}" | grep -c '^text'; cat "$FARGATE_EXEC_ITEMS_FILE"`;
  const batches = `0 1,2 ${[...items.keys()].slice(3).join(",")}`;
  const job = await follow({ script, items }, [`1 give ${batches}`, "2 end"]);
  expect(job.output("stdout").toString()).toBe(`64\n${items.join("\n")}\n`);
});

it("wake a worker that waits when they are given, and not only at its next look", async () => {
  const job = await follow({ script: "echo ran", items: ["a"] }, [], async (job, terminal) => {
    const watch = await watchOfWaiting(job);
    process.kill(watch, "SIGSTOP");
    order(terminal, "1 give 0");
    await until(() => facts(job).includes("begin 1 0 0"));
    process.kill(watch, "SIGCONT");
    order(terminal, "2 end");
  });
  expect(timeless(job)).toContain("end 1 0 0 0");
});

/** The process of the job that looks after its workers each second, once worker 0 waits. */
async function watchOfWaiting(job: WatchedJob): Promise<number> {
  let found: number | undefined;
  await until(() => {
    const directory = job.directory ?? "none";
    found = processesOf(`${directory}/job`).find((pid) =>
      childrenOf(pid).some((child) => processesOf("sleep\x001\x00").includes(child)),
    );
    return found !== undefined;
  });
  await untilWaits(job);
  return found ?? 0;
}

/** Resolves when worker 0 waits for a batch. */
async function untilWaits({ directory = "none" }: WatchedJob): Promise<void> {
  await until(() => readIfThere(`${directory}/0.idle`) === "waits\n");
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  } catch {
    return []; // gone meanwhile
  }
}

it("of a worker that was stopped end when the workers are killed", async () => {
  const script = 'echo begun; [ "$FARGATE_EXEC_ITEM" = b ] || exit 0; kill -STOP $PPID';
  const job = await follow(
    { script, workers: 2, items: ["a", "b"] },
    ["1 give 0 1"],
    async (job, terminal) => {
      await until(() => job.output("stdout").toString().split("begun").length === 3);
      terminal.type(CANCEL);
    },
  );
  expect(facts(job).filter((fact) => /^end 1 [01] 0/.test(fact))).toHaveLength(2);
  expect(job.status).toMatchObject({ reason: "cancelled" });
});

it.each(everyNth(RECORDERS, 2))(
  "begin no more when the recorder in %s was killed, and the job ends",
  async (_, options) => {
    const script = "sleep 0.5";
    const job = await follow(
      { ...options, script, items: ["a", "b", "c"] },
      ["1 give 0 1 2"],
      async (job) => {
        await until(() => facts(job).some((fact) => fact.startsWith("begin")));
        for (const pid of processesOf(`${job.directory ?? "none"}/recorder.`)) process.kill(pid, "SIGKILL");
      },
    );
    expect(facts(job).filter((fact) => fact.startsWith("end"))).toEqual([]);
    expect(job.status).toMatchObject({ kind: "lost" });
  },
);

it.each(SHELLS)(
  "wait for no recorder that was killed before the script has opened its pipes, in %s",
  (sh) => {
    const directory = mkdtempSync(join(tmpdir(), "items-"));
    const sources = ["process", "workers"].map((name) =>
      readFileSync(`src/payload/container/${name}.sh`, "utf8"),
    );
    const run = `fx_dir=${directory} fx_number=0 fx_python3= fx_batch=3 fx_user= fx_merged= fx_umask=022 fx_pid=
mkfifo "$fx_dir/0.o" "$fx_dir/0.e" || exit
fx_print_variables() { echo variables; }
fx_name_script() { :; }
fx_command() { cat >"$fx_dir/read" && exit 3; }
fx_run_script
echo "$fx_exit_code"
fx_batch= fx_python3=python3
fx_run_script
echo "$fx_exit_code"`;
    expect(runShell(sh, [...sources, run].join("\n"), [], { timeout: 20_000 }).toString()).toBe("3\n3\n");
    expect(readFileSync(join(directory, "read"), "utf8")).toBe("variables\n");
    rmSync(directory, { recursive: true });
  },
);

it("begin no more once the job's own process was killed, and what was in hand has no end", async () => {
  const directory = mkdtempSync(join(tmpdir(), "items-"));
  const script = `echo "$FARGATE_EXEC_ITEM" >>${directory}/begun; sleep 0.3`;
  const items = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const job = await follow({ script, items }, ["1 give 0 1 2 3 4 5 6 7"], async (job) => {
    await until(() => existsSync(join(directory, "begun")));
    const [pid] = readFileSync(join(job.directory ?? "", "pid"), "utf8").split(":");
    process.kill(Number(pid), "SIGKILL");
  });
  expect(readFileSync(join(directory, "begun"), "utf8")).toBe("a\n");
  expect(facts(job).filter((fact) => fact.startsWith("end"))).toEqual([]);
  rmSync(directory, { recursive: true });
});

it.each(everyNth(SHELLS, 5, 2))(
  "come by a further order when two processes have obeyed the ones before at once, in %s",
  (sh) => {
    const directory = mkdtempSync(join(tmpdir(), "items-"));
    const sources = ["directory", "items", "item-orders"].map((name) =>
      readFileSync(`src/payload/container/${name}.sh`, "utf8"),
    );
    // A second process obeys two orders while this one obeys the first of them.
    const orders = `fx_dir=${directory} fx_items=3 fx_items_pace=1
fx_make_stock
fx_tell_fact() { echo "$1" >>"$fx_dir/told"; }
fx_take_batches() {
  if [ "$1" = 0 ] && [ ! -e "$fx_dir/second" ]; then
    : >"$fx_dir/second"
    fx_take_order "1 give 0"
    fx_take_order "2 give 1"
  fi
  for fx_batch; do echo "$fx_order $fx_batch"; done
}
fx_take_order "1 give 0"
fx_take_order "3 give 2"`;
    runShell(sh, [...sources, orders].join("\n"));
    expect(readFileSync(join(directory, "told"), "utf8")).toBe("got 1\ngot 2\ngot 1\ngot 3\n");
    rmSync(directory, { recursive: true });
  },
);

it.each(everyNth(SHELLS, 5, 3))(
  "whose directory was replaced by a link change nothing behind it, in %s",
  (sh) => {
    const directory = mkdtempSync(join(tmpdir(), "items-"));
    const behind = join(directory, "app");
    mkdirSync(behind);
    chmodSync(behind, 0o755);
    symlinkSync(behind, join(directory, "item.1.0"));
    const source = readFileSync("src/payload/container/item-dir.sh", "utf8");
    const removal = `fx_user=root fx_uid=$(id -u) fx_item_dir=${directory}/item.1.0\nfx_remove_item_dir`;
    runShell(sh, [source, removal].join("\n"));
    expect(readdirSync(directory)).toEqual(["app"]);
    expect(statSync(behind).mode & 0o777).toBe(0o755);
    rmSync(directory, { recursive: true });
  },
);

/** A PATH without python3, with what packs in its place. */
function tarPath(): string {
  const path = withoutPython("mawk", tmpdir());
  for (const tool of ["find", "sort", "stat", "tar", "rmdir", "mkfifo", "ln"]) {
    rmSync(join(path, tool), { force: true });
    symlinkSync(findProgram(tool), join(path, tool));
  }
  return path;
}

it.each(["python3", "tar"])(
  "whose directory was replaced by a link bring nothing of what that leads to, by %s",
  async (packer) => {
    const elsewhere = mkdtempSync(join(tmpdir(), "items-"));
    writeFileSync(join(elsewhere, "file"), "");
    const path = packer === "tar" ? { PATH: tarPath() } : undefined;
    const script = `rmdir "$FARGATE_EXEC_ITEM_DIR"; ln -s ${elsewhere} "$FARGATE_EXEC_ITEM_DIR"`;
    const job = await follow({ script, items: NAMES, ...(path && { containerEnv: path }) }, [
      "1 give 0",
      "2 end",
    ]);
    expect(facts(job).filter((fact) => fact.startsWith("pack"))).toEqual([
      'pack 1 0 funread "" a link is in its place',
    ]);
    expect(lastEnd(job)).toBe("end 1 0 0 0");
    expect(readdirSync(elsewhere)).toEqual(["file"]);
    for (const each of [elsewhere, path?.PATH]) if (each) rmSync(each, { recursive: true });
  },
);

it.each(everyNth(["a file", "a FIFO"], 2, 1))(
  "whose directory was replaced by %s are said to miss it without python3",
  async (kind) => {
    const path = tarPath();
    const make = kind === "a file" ? "echo x >" : "mkfifo ";
    const script = `rmdir "$FARGATE_EXEC_ITEM_DIR"; ${make}"$FARGATE_EXEC_ITEM_DIR"`;
    const job = await follow({ containerEnv: { PATH: path }, script, items: NAMES }, ["1 give 0", "2 end"]);
    rmSync(path, { recursive: true });
    expect(facts(job).filter((fact) => fact.startsWith("pack"))).toEqual([
      'pack 1 0 funread "" its directory can\'t be entered',
    ]);
  },
);

asOthers(
  "that leave thousands of directories, which no process of theirs can list, are told before these are removed",
  async () => {
    const script =
      'cd "$FARGATE_EXEC_ITEM_DIR"; for i in 1 2 3 4; do mkdir $i; (cd $i; seq 500 | xargs mkdir); chmod 0 $i; done; echo x >file';
    const job = await follow(
      { script, user: "nobody", items: NAMES },
      ["1 give 0"],
      async (job, terminal) => {
        await until(() => facts(job).some((fact) => fact.startsWith("end 1 0")));
        await until(() => !readdirSync(job.directory ?? "").includes("item.0.1.d"));
        order(terminal, "2 end");
      },
    );
    expect(packed(job)["1 0"]?.files).toEqual({ file: "x\n" });
    expect(job.status).toMatchObject({ reason: "exited" });
  },
);

it("whose directory a process goes on filling hold no later one", async () => {
  const script = `stop="\${0%/*}/stop"
[ "$FARGATE_EXEC_ITEM" = a ] || { : >"$stop"; exit 0; }
(i=0; until [ -e "$stop" ]; do i=$((i + 1)); mkdir -p "$FARGATE_EXEC_ITEM_DIR/$i"; done) >/dev/null 2>&1 &
until [ -e "$FARGATE_EXEC_ITEM_DIR/9" ]; do sleep 0.05; done`;
  const job = await follow({ script, items: ["a", "b"], timeoutSeconds: 20 }, ["1 give 0 1", "2 end"]);
  expect(timeless(job).filter((fact) => fact.startsWith("end"))).toEqual(["end 1 0 0 0", "end 1 1 0 0"]);
  expect(job.status).toMatchObject({ reason: "exited" });
});

it("that end with an open line leave it whole to the log, before their fact", async () => {
  const script = 'printf "reason of $FARGATE_EXEC_ITEM"; printf "error of $FARGATE_EXEC_ITEM" >&2; exit 3';
  const job = await follow({ script, items: ["a", "b", "c"] }, ["1 give 0 1 2", "2 end"]);
  const told = job.events.flatMap((event) =>
    event.kind === "text"
      ? [`${event.bytes.toString()}${event.ends ? "." : "+"}`]
      : event.kind === "item-fact" && event.text.startsWith("end")
        ? [event.text.slice(0, 7)]
        : [],
  );
  const ends = told.flatMap((word, at) => (word.startsWith("end") ? [at] : []));
  expect(ends).toHaveLength(3);
  for (const [index, name] of ["a", "b", "c"].entries()) {
    const own = told.slice(ends[index - 1] ?? 0, ends[index]).join("");
    expect(own).toContain(`reason of ${name}`);
    expect(own).toContain(`error of ${name}`);
    expect(own.endsWith(".")).toBe(true);
  }
});

it.concurrent.each(everyNth(WAYS, 2, 1))(
  "are given and told by S3, too, by $way",
  async ({ options }) => {
    const script = `${ORDERED}; echo "$FARGATE_EXEC_ITEM"`;
    const uploaded = await UploadedJob.make({ ...options(), script, workers: 2, items: NAMES });
    const { bucket, order } = uploaded;
    const say = (number: number, lines: readonly string[]): void =>
      bucket.control(
        order,
        number,
        0,
        lines.map((line) => `items ${line}`),
      );
    await uploaded.followBriefly();
    say(9, ["1 give 0 1", "2 give 2 4"]);
    const told = (): string[] =>
      uploaded
        .spool()
        .toString()
        .split("\n")
        .filter((line) => line.startsWith("\x1b]7733;i\x07"))
        .map((line) => line.slice(9));
    await until(() => told().includes("got 2"));
    // It has not been told that order 2 is confirmed, so it comes again.
    say(10, ["2 give 2 4", "3 give 3", "4 end"]);
    await uploaded.ended();
    const begun = told()
      .filter((fact) => fact.startsWith("begin"))
      .map((fact) => fact.split(" ").slice(1, 3).join(" "));
    expect(begun.toSorted()).toEqual(["1 0", "1 1", "2 2", "2 4", "3 3"]);
  },
  120_000,
);
