import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
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
import { Header, type HeaderData } from "tar/header";
import { Pax } from "tar/pax";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { makeDirectory } from "../../../src/report/artifacts/directory.ts";
import { artifactsBudget } from "../../../src/carriers/pieces/budget.ts";
import { unpackArchive } from "../../../src/report/artifacts/unpack-archive.ts";
import { systemClock } from "../../../src/clock.ts";
import { pathsBelow } from "../../helpers/paths-below.ts";
import { realWorld } from "../../../src/run/step/world.ts";

let scratch: string;
let root: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "fx-unpack-"));
  root = join(scratch, "root");
  mkdirSync(root);
  writeFileSync(join(scratch, "outside"), "untouched");
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

type Part = HeaderData & { readonly body?: string; readonly long?: boolean };

const file = (path: string, body = "evil", more: HeaderData = {}): Part => ({
  path,
  body,
  type: "File",
  ...more,
});
const link = (path: string, linkpath: string): Part => ({ path, linkpath, type: "SymbolicLink" });
const directory = (path: string, mode = 0o755): Part => ({ path: `${path}/`, mode, type: "Directory" });

function blocks({ body = "", long = false, ...data }: Part): Buffer {
  const bytes = Buffer.from(body);
  const header = new Header({
    ...{ mode: 0o644, uid: 0, gid: 0, mtime: new Date(1_000_000_000_000), size: bytes.length },
    ...data,
  });
  const block = Buffer.alloc(512);
  header.encode(block);
  const pax = long ? new Pax(data).encode() : Buffer.alloc(0);
  return Buffer.concat([pax, block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const archive = (...parts: readonly Part[]): Buffer =>
  gzipSync(Buffer.concat([...parts.map(blocks), Buffer.alloc(1024)]));

async function unpack(
  bytes: Buffer,
  { platform = "linux", chunk = 7 }: { platform?: NodeJS.Platform; chunk?: number } = {},
) {
  const refused: [string, string][] = [];
  const placed: string[] = [];
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  };
  const limits = { maxCount: 20, maxBytes: 1 << 20 };
  const unpacker = {
    ...{ root: Directory.open(root), ...limits, platform, clock: systemClock, gunzip: realWorld.gunzip },
    onRefused: (name: string, why: string) => refused.push([name, why]),
    onPlaced: (name: string) => placed.push(name),
  };
  const end = await unpackArchive(Readable.from(pieces()), unpacker, artifactsBudget(limits));
  expect(readFileSync(join(scratch, "outside"), "utf8")).toBe("untouched");
  expect(readdirSync(scratch).sort()).toEqual(["outside", "root"]);
  return { ...end, refused, placed, tree: pathsBelow(root) };
}

it.each<[string, readonly Part[], string]>([
  ["an absolute path", [file("/etc/evil")], "absolute"],
  ["a way out", [file("../outside")], "'..'"],
  ["a way out in the middle", [file("a/../../outside")], "'..'"],
  ["a NUL byte", [{ ...file("a\0b", ""), long: true }], "NUL"],
  ["a hard link out", [{ path: "h", linkpath: "../outside", type: "Link" }], "hard link"],
  ["a hard link to what was there before", [{ path: "h", linkpath: "root", type: "Link" }], "hard link"],
  ["a device", [{ path: "d", type: "CharacterDevice", devmaj: 1, devmin: 3 }], "no file"],
  ["a block device", [{ path: "d", type: "BlockDevice" }], "no file"],
  ["a fifo", [{ path: "p", type: "FIFO" }], "no file"],
  ["a link to an absolute path", [link("l", "/etc/passwd")], "absolute"],
  ["a link out", [link("l", "../outside")], "leads out"],
  ["a link out by '..' behind a name", [link("l", "x/../../outside")], "'..' behind a name"],
  [
    "a link out by a long target",
    [{ ...link("l", `${"a/".repeat(80)}../outside`), long: true }],
    "'..' behind",
  ],
])("%s is not unpacked, and the member behind it is", async (_, parts, why) => {
  const { refused, ...rest } = await unpack(archive(...parts, file("good", "fine")));
  expect(refused).toEqual([[expect.any(String), expect.stringContaining(why)]]);
  expect(rest).toMatchObject({ stopped: undefined, placed: ["good"], tree: ["good"] });
});

it.each(["gnu", "posix", "ustar"])(
  "a name or a target that is not UTF-8 is not unpacked from an archive of the format %s, and none takes the place of another",
  async (format) => {
    const from = mkdtempSync(join(tmpdir(), "fx-names-"));
    const at = (name: string | Buffer): Buffer =>
      Buffer.concat([Buffer.from(`${from}/`), Buffer.from(name as string)]);
    const bad = (byte: number, ...more: readonly string[]): Buffer =>
      Buffer.concat([Buffer.from("f"), Buffer.of(byte), ...more.map((text) => Buffer.from(text))]);
    try {
      const [long, character] = ["n".repeat(90), "é".repeat(45)];
      mkdirSync(at(bad(0xe7)));
      mkdirSync(join(from, character));
      for (const name of [
        bad(0xe8),
        bad(0xe9),
        bad(0xe7, "/", long),
        "good",
        "f\ufffd",
        `${character}/${character}`,
      ])
        writeFileSync(at(name), "text");
      symlinkSync(bad(0xe9), at("to"));
      symlinkSync("good", at("too"));
      const tar = execFileSync("tar", ["-c", `--format=${format}`, "-C", from, "-f", "-", "."]);
      const { refused, tree, stopped } = await unpack(gzipSync(tar), { chunk: 4096 });
      expect(refused.toSorted()).toEqual([
        ["f\ufffd", "its name is not UTF-8"],
        ["f\ufffd", "its name is not UTF-8"],
        ["f\ufffd/", "its name is not UTF-8"],
        [`f\ufffd/${long}`, "its name is not UTF-8"],
        ["to", "its target is not UTF-8"],
      ]);
      expect(tree).toEqual(["f\ufffd", "good", "too", character, `${character}/${character}`]);
      expect(stopped).toBeUndefined();
    } finally {
      rmSync(from, { recursive: true });
    }
  },
);

describe("git runs nothing that the container has sent", () => {
  const CONFIGURATION =
    '[core]\nrepositoryformatversion = 0\nworktree = ..\nfsmonitor = "touch $RAN; false"\n';
  const HEAD = file("d/HEAD", "ref: refs/heads/main\n");
  const CONFIG = file("d/config", CONFIGURATION);
  const [OBJECTS, REFS] = [directory("d/objects"), directory("d/refs")];

  /** Whether git, started there, runs what is configured there. */
  function isObeyedIn(path: string): boolean {
    const ran = join(scratch, "ran");
    const env = {
      ...process.env,
      RAN: ran,
      GIT_CEILING_DIRECTORIES: scratch,
      GIT_CONFIG_GLOBAL: "/dev/null",
    };
    spawnSync("git", ["status"], { cwd: path, env });
    const isThere = existsSync(ran);
    rmSync(ran, { force: true });
    return isThere;
  }

  it.each<[string, readonly Part[], string]>([
    ["as an image has it", [OBJECTS, REFS, CONFIG, HEAD], "d/HEAD"],
    ["in another order", [HEAD, REFS, CONFIG, OBJECTS], "d/HEAD"],
    ["with links", [link("d/HEAD", "refs/heads/main"), OBJECTS, REFS, CONFIG], "d/HEAD"],
    [
      "with a hard link",
      [
        file("d/x", "ref: refs/heads/main\n"),
        { path: "d/HEAD", linkpath: "d/x", type: "Link" },
        OBJECTS,
        REFS,
      ],
      "d/HEAD",
    ],
  ])("in a directory that would be a repository %s", async (_, parts, left) => {
    const { refused, stopped } = await unpack(archive(...parts));
    expect(isObeyedIn(join(root, "d"))).toBe(false);
    expect([refused, stopped]).toEqual([[[left, expect.stringContaining("git")]], undefined]);
  });

  it.each<[string, readonly string[], readonly Part[], readonly string[]]>([
    ["objects and refs", ["refs/", "objects/"], [CONFIG, HEAD], ["d/HEAD"]],
    [
      "a HEAD",
      ["HEAD"],
      [REFS, CONFIG, OBJECTS, file("d/commondir", ".")],
      ["d/refs/", "d/objects/", "d/commondir"],
    ],
  ])("in a directory of the checkout that has %s", async (_, has, parts, left) => {
    for (const name of has)
      if (name.endsWith("/")) mkdirSync(join(root, "d", name), { recursive: true });
      else {
        mkdirSync(join(root, "d"), { recursive: true });
        writeFileSync(join(root, "d", name), "ref: refs/heads/main\n");
      }
    const { refused } = await unpack(archive(...parts));
    expect(isObeyedIn(join(root, "d"))).toBe(false);
    expect(refused.map(([name]) => name)).toEqual(left);
  });

  it.each<[NodeJS.Platform, readonly string[]]>([
    ["linux", []],
    ["darwin", ["d/head"]],
  ])(
    "but on %s a directory HEAD comes, and of files named head those that git there takes for HEAD do not",
    async (platform, left) => {
      const { refused } = await unpack(archive(file("docs/HEAD/index.html"), file("d/head")), { platform });
      expect(refused.map(([name]) => name)).toEqual(left);
    },
  );

  it("in a repository that was there before", async () => {
    execFileSync("git", ["init", "--quiet", "--bare", join(root, "d")]);
    const { refused } = await unpack(archive(CONFIG, file("d/hooks/post-index-change")));
    expect(isObeyedIn(join(root, "d"))).toBe(false);
    expect(refused.map(([name]) => name)).toEqual(["d/config", "d/hooks/post-index-change"]);
  });
});

it("nothing is written through a link of the archive, in any order", async () => {
  const through = await unpack(archive(link("d", "."), file("d/outside"), link("e", "d/.."), file("e/x")));
  expect(through.tree).toEqual(["d", "d/outside", "e", "e/x"]);
  expect(through.refused.map(([name]) => name)).toEqual(["d", "e"]);
});

it("nothing is written through a link that was there before, and no link leads through one", async () => {
  symlinkSync("..", join(root, "up"));
  symlinkSync("../outside", join(root, "out"));
  const bytes = archive(
    file("up/outside"),
    file("out", "mine"),
    directory("up"),
    link("l", "up/outside"),
    link("m", "out"),
  );
  const { refused, tree } = await unpack(bytes);
  expect(refused.map(([name]) => name)).toEqual(["up/outside", "up/", "l"]);
  expect(tree).toEqual(["m", "out", "up"]);
  // A file takes the place of a link, and is not written through it.
  expect(lstatSync(join(root, "out")).isFile()).toBe(true);
});

it("a chain of links is unpacked again in any order, and a link through one that was there before is refused", async () => {
  const chain = [link("so", "so.1"), link("so.1", "so.1.2"), file("so.1.2")];
  for (const bytes of [archive(...chain), archive(...chain), archive(...chain.toReversed())]) {
    const { refused, tree } = await unpack(bytes);
    expect([refused, tree]).toEqual([[], ["so", "so.1", "so.1.2"]]);
  }
  symlinkSync("../outside", join(root, "out"));
  symlinkSync("..", join(root, "up"));
  // Where a link leads by way of a later one is known only when the later one is made.
  const { refused, tree } = await unpack(
    archive(link("l", "m/up/outside"), link("m", "."), link("n", "out"), link("out", "../outside")),
  );
  expect(refused.map(([name]) => name)).toEqual(["out", "l"]);
  expect(tree).toEqual(["m", "n", "so", "so.1", "so.1.2", "up"]);
});

it("links in a circle are unpacked, but not a link through one that was there before", async () => {
  symlinkSync("../outside", join(root, "out"));
  const circle = [link("a", "a/é"), link("b", "c/x"), link("c", "b/y"), link("d", "."), link("e", "d/d/out")];
  const { refused, tree } = await unpack(archive(...circle));
  expect(refused).toEqual([["e", "it is a link through a link that was there before"]]);
  expect(tree).toEqual(["a", "b", "c", "d", "out"]);
  for (const name of ["a", "b", "c"]) expect(() => readdirSync(join(root, name))).toThrow("ELOOP");
});

it("a link through a file is unpacked, and leads nowhere", async () => {
  const { refused, tree } = await unpack(archive(file("f", "text"), link("l", "f/x"), link("m", "l/y")));
  expect([refused, tree]).toEqual([[], ["f", "l", "m"]]);
});

it("a name or a target that is too long is refused, and all names together are bounded", async () => {
  const long = (path: string): Part => ({ ...link(path, "t"), long: true });
  const deep = "a/".repeat(300);
  const { refused, tree } = await unpack(
    archive(
      long("n".repeat(5_000)),
      long(`${deep}n`),
      { ...link("l", `${deep}t`), long: true },
      { ...link("m", "t".repeat(5_000)), long: true },
    ),
    { chunk: 4096 },
  );
  expect(refused.map(([, why]) => why)).toEqual([
    "it is longer than 4096 bytes",
    "it has more than 256 levels",
    "it has more than 256 levels",
    "it is longer than 4096 bytes",
  ]);
  expect(tree).toEqual([]);
  // Each makes 255 directories, whose paths are some hundred KiB together.
  const many = Array.from({ length: 4 }, (_, i) => ({
    ...file(`${i}/${`${"d".repeat(14)}/`.repeat(254)}f`),
    long: true,
  }));
  const { placed, refused: beyond } = await unpack(archive(...many), { chunk: 4096 });
  expect(placed).toHaveLength(2);
  expect(new Set(beyond.map(([, why]) => why))).toEqual(
    new Set(["the names in the archive are too long together"]),
  );
});

it("the later of two members with one name counts, and a directory is never replaced", async () => {
  const { refused, tree } = await unpack(
    archive(file("a", "1"), file("a", "2"), directory("d"), file("d"), link("d", "a")),
  );
  expect(readFileSync(join(root, "a"), "utf8")).toBe("2");
  expect(refused.map(([name]) => name)).toEqual(["d", "d"]);
  expect(tree).toEqual(["a", "d"]);
});

it("modes and times are kept, without setuid; a hard link becomes a file", async () => {
  const parts = [
    directory("d", 0o2750),
    file("d/s", "x", { mode: 0o6755 }),
    { path: "h", linkpath: "d/s", type: "Link" } as Part,
  ];
  const { refused } = await unpack(archive(...parts, link("d/l", "s")));
  expect(refused).toEqual([]);
  const [d, s, h, l] = ["d", "d/s", "h", "d/l"].map((name) => lstatSync(join(root, name)));
  expect([d, s, h].map((each) => each && each.mode & 0o7777)).toEqual([0o750, 0o755, 0o644]);
  expect([d, s, l].map((each) => each?.mtimeMs)).toEqual([1e12, 1e12, 1e12]);
  expect(readFileSync(join(root, "h"), "utf8")).toBe("x");
});

it("modes pass the umask, and each directory can be removed", async () => {
  const before = process.umask(0o027);
  try {
    const parts = [directory("d", 0o000), file("d/f", "x", { mode: 0o666 }), directory("e", 0o7777)];
    await unpack(archive(...parts, file("e/x", "x", { mode: 0o4777 })));
  } finally {
    process.umask(before);
  }
  const modes = ["d", "d/f", "e", "e/x"].map((name) => lstatSync(join(root, name)).mode & 0o7777);
  expect(modes).toEqual([0o700, 0o640, 0o750, 0o750]);
});

it("times before 1970 are kept", async () => {
  const mtime = new Date(-1_000_000_000_000);
  await unpack(
    archive({ ...directory("d"), mtime }, file("d/f", "f", { mtime }), { ...link("d/l", "f"), mtime }),
  );
  const found = ["d", "d/f", "d/l"].map((path) => lstatSync(join(root, path)).mtimeMs);
  expect(found).toEqual([-1e12, -1e12, -1e12]);
});

it("a name that Windows or a file system without case can't have is refused there", async () => {
  const devices = ["con.txt", "COM¹", "d/lpt³.log", "aux .txt"];
  const parts = ["A", "a", ...devices, "com", "x:y", "b\\..\\..\\c", "end."].map((path) => file(path));
  const { refused } = await unpack(archive(...parts), { platform: "win32" });
  expect(refused.map(([name]) => name)).toEqual(["a", ...devices, "x:y", "b\\..\\..\\c", "end."]);
  expect((await unpack(archive(file("A"), file("a")))).refused).toEqual([]);
});

it("the unpacking ends at a limit and names it, and what came before stays", async () => {
  const many = Array.from({ length: 21 }, (_, i) => file(`f${i}`));
  expect(await unpack(archive(...many))).toMatchObject({
    stopped: "the limit of 20 files, links and directories allows no more",
    placed: { length: 20 },
  });
  const large = await unpack(archive(file("s"), file("l", "x".repeat(2 << 20))), { chunk: 4096 });
  expect(large).toMatchObject({
    stopped: "'artifacts-max-size' allows no more",
    placed: { length: 1 },
  });
});

it("a bomb of padding or of a header ends the unpacking", async () => {
  const bomb = gzipSync(Buffer.concat([blocks(file("a")), Buffer.alloc(64 << 20)]));
  expect(await unpack(bomb, { chunk: 4096 })).toMatchObject({
    stopped: "'artifacts-max-size' allows no more",
    placed: ["a"],
  });
  const header = gzipSync(blocks({ path: "x", type: "ExtendedHeader", body: "y".repeat(1 << 20) }));
  expect(await unpack(header, { chunk: 4096 })).toMatchObject({
    stopped: "the archive has a header that is too long",
  });
});

it("the whole members of a cut archive stay", async () => {
  const whole = Buffer.concat([blocks(file("a", "1")), blocks(file("b", "x".repeat(5000)))]);
  const { stopped, tree } = await unpack(gzipSync(whole.subarray(0, 3000)));
  expect([stopped, tree]).toEqual(["the archive is cut short", ["a"]]);
  expect((await unpack(Buffer.from("no archive"))).stopped).toMatch(/header/);
});

it("the directory may not lead out of the workspace by a link of the repository", () => {
  symlinkSync("..", join(root, "up"));
  for (const path of ["up/x", "up"])
    expect(() => makeDirectory(join(root, path), [root])).toThrow(
      `a symbolic link to a file outside ${root}`,
    );
  mkdirSync(join(root, ".git/hooks"), { recursive: true });
  symlinkSync(".git/hooks", join(root, "artifacts"));
  expect(() => makeDirectory(join(root, "artifacts"), [root])).toThrow(
    "'.git', whose name begins with a dot",
  );
  expect(() => makeDirectory(root, [root], "artifacts")).toThrow("artifacts is a symbolic link");
  for (const path of [".git", ".GIT/hooks"])
    expect(() => makeDirectory(join(root, path), [root])).toThrow("is in '.git'");
  const made = makeDirectory(join(root, "a/b"), [root]);
  expect(made.path).toBe(join(root, "a/b"));
  made.close();
  expect(readdirSync(scratch).sort()).toEqual(["outside", "root"]);
});
