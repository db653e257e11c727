import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { Header } from "tar/header";
import { unpackArchive } from "../../../src/report/artifacts/unpack-archive.ts";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { Way } from "../../../src/inputs/beneath/way.ts";
import { placeCopies } from "../../../src/doors/cli/place-copies.ts";
import { systemClock } from "../../../src/clock.ts";
import { packFiles } from "../../../src/payload/files/pack-files.ts";
import { stepInputs } from "../../../src/doors/github/inputs-source.ts";
import { readReports } from "../../../src/report/junit/read-reports.ts";
import { artifactsBudget } from "../../../src/carriers/pieces/budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { selections } from "../../payload/files/trees.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs } from "../../helpers/runs.ts";
import { whileSwapping } from "./swapping.ts";

const SECRET = "secret of the runner";
let base: string;
let workspace: string;
const outside = (): string[] => readdirSync(join(base, "outside")).sort();
const path = (name: string): string => join(workspace, name);

/** A workspace with a directory `d`, and a link to a directory outside it that another process puts into its place again and again. */
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "fx-races-"));
  workspace = join(base, "workspace");
  mkdirSync(path("d"), { recursive: true });
  mkdirSync(join(base, "outside"));
  writeFileSync(path("d/f"), "content");
  writeFileSync(join(base, "outside/f"), SECRET);
  symlinkSync("../outside", path("link"));
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

/** Calls `act` again and again while the directory and the link change places. Returns how often it succeeded. */
async function againWhileSwapping(act: () => unknown, times = 150): Promise<number> {
  let done = 0;
  await whileSwapping([path("d"), path("link")], async () => {
    for (let i = 0; i < times; i += 1) {
      try {
        await act();
        done += 1;
      } catch (error) {
        expect(String(error)).not.toContain(SECRET);
      }
    }
  });
  return done;
}

it("what is packed comes from beneath the workspace", async () => {
  const inputs = anInputs({ files: selections("d/f=/srv/f", "d=/srv/d") });
  const done = await againWhileSwapping(async () => {
    const packed = await packFiles(inputs, { workspace, log: new Listener(), clock: systemClock });
    expect(Buffer.from(packed?.bytes ?? "").includes(SECRET)).toBe(false);
  });
  expect(done).toBeGreaterThan(0);
});

it("a file that an input names is read beneath the workspace", async () => {
  const source = stepInputs({ GITHUB_WORKSPACE: workspace }, workspace);
  const done = await againWhileSwapping(() => {
    expect(Buffer.from(source.readFile(path("d/f"))).toString()).toBe("content");
  }, 1_000);
  expect(done).toBeGreaterThan(0);
});

it("artifacts are placed beneath their directory", async () => {
  const body = Buffer.from("planted");
  const header = new Header({
    path: "d/planted",
    mode: 0o644,
    size: body.length,
    type: "File",
    mtime: new Date(0),
  });
  const block = Buffer.alloc(512);
  header.encode(block);
  const archive = gzipSync(Buffer.concat([block, body, Buffer.alloc(512 - body.length + 1024)]));
  let placed = 0;
  await againWhileSwapping(async () => {
    const limits = { maxCount: 10, maxBytes: 1 << 20 };
    const unpacker = {
      ...{ root: Directory.open(workspace), ...limits, platform: process.platform, clock: systemClock },
      gunzip: realWorld.gunzip,
      onRefused: () => undefined,
      onPlaced: () => (placed += 1),
    };
    await unpackArchive(Readable.from([archive]), unpacker, artifactsBudget(limits));
    expect(outside()).toEqual(["f"]);
  });
  expect(placed).toBeGreaterThan(0);
});

it("a copy from a container is placed beneath the working directory", async () => {
  const done = await againWhileSwapping(() => {
    rmSync(path("unpacked"), { recursive: true, force: true });
    mkdirSync(path("unpacked/x"), { recursive: true });
    writeFileSync(path("unpacked/x/planted"), "planted");
    const above = Directory.open(workspace);
    try {
      placeCopies(
        { above, name: "unpacked" },
        [{ glob: "x/*", path: "x", destination: path("d") }],
        workspace,
      );
    } finally {
      above.close();
      expect(outside()).toEqual(["f"]);
    }
  });
  expect(done).toBeGreaterThan(0);
});

it("a report is read beneath the artifacts", async () => {
  const report = (name: string): string => `<testsuite name="s"><testcase name="${name}"/></testsuite>`;
  writeFileSync(path("d/f"), report("inside"));
  writeFileSync(
    join(base, "outside/f"),
    `<testsuite name="s"><testcase name="o"><failure/></testcase></testsuite>`,
  );
  const log = { info: () => undefined, warning: () => undefined };
  const context = {
    ...{ workspace, artifacts: workspace, within: [workspace], log, clock: systemClock },
    signal: new AbortController().signal,
  };
  let passed = 0;
  await againWhileSwapping(async () => {
    const results = await readReports([{ path: workspace, label: "" }], ["d/f"], context);
    expect(results.failed).toBe(0);
    passed += results.passed;
  });
  expect(passed).toBeGreaterThan(0);
});

it("a file that is held is the one that was there, whatever takes the place of its directory", () => {
  const way = Way.open(workspace);
  try {
    const directory = way.enter(["d"]);
    rmSync(path("link"));
    directory.makeDirectory("below");
    way.root.rename("d", way.root, "was-d");
    symlinkSync("../outside", path("d"));
    const file = directory.openFile("f");
    expect(readFileSync(file, "utf8")).toBe("content");
  } finally {
    way.close();
  }
});
