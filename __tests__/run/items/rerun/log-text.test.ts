import {
  failureLine,
  headLine,
  parseItemLog,
  programLine,
} from "../../../../src/run/items/rerun/log-text.ts";
import { endLine } from "../../../../src/report/item-entries.ts";
import { anItem } from "../../../report/example-items.ts";

const PROGRAM = { definition: "arn:d:1", image: "sha256:1" };
const HEAD = headLine("key", 3, 0);

it("a log has runs with what their items ran in, and the last end of each item", () => {
  const lines = [
    ...[
      HEAD,
      programLine(PROGRAM),
      endLine(anItem("0", 0)),
      endLine(anItem("1", 1)),
      endLine(anItem("0", 1)),
    ],
    ...["", headLine("other", 3, 1), endLine(anItem("0", 2)), endLine(anItem("?", 2)), ""],
  ];
  expect(parseItemLog(lines.join("\n"))).toEqual([
    {
      ...{ number: 1, key: "key", total: 3, program: PROGRAM },
      ended: new Map([
        [0, { index: 0, seconds: 1, attempts: 1, task: 0, worker: 0, run: 1 }],
        [1, { index: 1, seconds: 1, attempts: 1, task: 0, worker: 1, run: 1 }],
      ]),
    },
    { number: 2, key: "other", total: 3, program: undefined, ended: new Map([[2, undefined]]) },
  ]);
});

it("of a run in two images it is not known in what its items ran", () => {
  const other = programLine({ ...PROGRAM, image: "sha256:2" });
  expect(parseItemLog([HEAD, programLine(PROGRAM), other].join("\n"))).toMatchObject([
    { program: undefined },
  ]);
});

it("a run says what has failed it besides its items", () => {
  const lines = [HEAD, endLine(anItem("0", 0)), failureLine("artifacts-missing"), HEAD];
  expect(parseItemLog(lines.join("\n"))).toMatchObject([
    { failedBy: "artifacts-missing" },
    { failedBy: undefined },
  ]);
});

it("nothing has no runs", () => {
  expect(parseItemLog("")).toEqual([]);
});

it.each([
  ["text", "GNU parallel"],
  ["a list", "[]"],
  ["another object", '{"a":1}'],
  ["half a line", HEAD.slice(0, -3)],
  ["a head of another format", HEAD.replace('"format":1', '"format":2')],
  ["a head without a key", HEAD.replace('"key":"key"', '"key":""')],
  ["a head of too many items", HEAD.replace('"items":3', '"items":10001')],
  ["an end of an item beyond the list", endLine(anItem("0", 3))],
  ["a success with another code than 0", endLine({ ...anItem("0", 0), exitCode: 1 })],
  ["negative seconds", endLine({ ...anItem("0", 0), seconds: -1e300 })],
  ["more seconds than can be", endLine({ ...anItem("0", 0), seconds: 1e300 })],
  ["a failure that is no code", failureLine("::error::x")],
  ["a success in no task", endLine({ ...anItem("0", 0), task: undefined })],
])("a line that is none of a log is named: %s", (_, line) => {
  expect(parseItemLog([HEAD, line, HEAD].join("\n"))).toEqual({ wrongLine: 2 });
});

it("an end without a run is none of a log", () => {
  expect(parseItemLog(endLine(anItem("0", 0)))).toEqual({ wrongLine: 1 });
});
