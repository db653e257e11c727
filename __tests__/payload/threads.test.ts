/** Programs of the container where it allows no more threads, as under a limit of its pids. */
import { execFileSync } from "node:child_process";
import { payloadFile } from "../../src/payload/container-files.ts";
import { PYTHON } from "../helpers/tools.ts";

const NO_THREADS = `
import threading
def refuse(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
`;

/** Runs these files of the container, and then a program that prints JSON. */
function valueOf(files: readonly string[], program: string): unknown {
  const source = [...files.map((name) => payloadFile(name)), NO_THREADS, program].join("\n");
  return JSON.parse(execFileSync(PYTHON, ["-I", "-S", "-c", source], { encoding: "utf8" }));
}

it("a forward refuses the connection whose name can't be looked up, and goes on", () => {
  const said = valueOf(
    ["forward_connections.py"],
    `
import json
said = []
class Streams:
    def refused(self, *words): said.append(words)
connections = Connections(Streams(), [("db.internal", 5432)], 10)
for of in (1, 2):
    connections.obey("open", of, 0)
print(json.dumps([said, connections.names, list(connections.all)]))
`,
  );
  const refused = [0, "can't start new thread"];
  expect(said).toEqual([
    [
      [1, ...refused],
      [2, ...refused],
    ],
    0,
    [],
  ]);
});

it("the archive of artifacts goes by records when no part can be uploaded", () => {
  const [bytes, facts] = valueOf(
    ["objects.py", "s3.py", "parts.py"],
    `
import base64, binascii, json, sys
RECORD, said = 48 << 10, []
record = said.append
Parts.job = lambda self: None if self.is_refused else "job"
archive = Parts("enough", "/tmp")
archive.take(b"a" + base64.b64encode(bytes(9 << 20)))
archive.end()
sizes = [len(base64.b64decode(line[1:])) for line in said if line[:1] == b"a"]
print(json.dumps([sum(sizes), [line.decode() for line in said if line[:1] == b"f"]]))
`,
  ) as [number, string[]];
  expect([bytes, facts]).toEqual([9 * 1024 * 1024, ["fno-part", "fno-part"]]);
});
