import { ArchiveMemory } from "../../../src/report/artifacts/archive-memory.ts";
import type { Member } from "../../../src/report/artifacts/tar.ts";
import { SharedMemory } from "../../../src/shared-memory.ts";

const member = (kind: Member["kind"], name: string, target = ""): Member => ({
  ...{ kind, name, target, size: 0, mode: 0o755, modified: 0 },
});

describe("the memory of an archive", () => {
  it("knows the files that the archive has brought, and no others", () => {
    const memory = new ArchiveMemory({ maxCount: 10, platform: "linux" });
    memory.addFile(["a", "b"]);
    expect([memory.hasFile(["a", "b"]), memory.hasFile(["a"]), memory.hasFile(["ab"])]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("keeps as many names as fit into 1 MiB, and 1 KiB more for each file that may come", () => {
    const memory = new ArchiveMemory({ maxCount: 1, platform: "linux" });
    memory.holdName("n".repeat(1024 * 1024 + 1024));
    expect(() => memory.holdName("n")).toThrow("the names in the archive are too long together");
  });

  it.each<[NodeJS.Platform, boolean]>([
    ["linux", true],
    ["darwin", false],
    ["win32", false],
  ])("on %s, may have two names that differ by their case: %s", (platform, may) => {
    const memory = new ArchiveMemory({ maxCount: 10, platform });
    memory.checkSpelling(["a", "Name"]);
    memory.checkSpelling(["a", "Name"]);
    const differing = () => memory.checkSpelling(["a", "name"]);
    if (may) expect(differing).not.toThrow();
    else expect(differing).toThrow("another name differs from it by its case only");
  });

  it.each<[string, (memory: ArchiveMemory, at: number) => void]>([
    ["files", (memory, at) => memory.addFile([`f${at}`])],
    ["directories", (memory, at) => memory.addDirectory(`d${at}`, 0o755)],
    ["links", (memory, at) => memory.addLink({ names: ["l"], member: member("symlink", `l${at}`, "t") })],
    ["spellings", (memory, at) => memory.checkSpelling([`s${at}`])],
  ])("forgets all, links and directories included, when its %s are more than all may keep", (_, add) => {
    const options = { maxCount: 10, platform: "darwin", memory: new SharedMemory(4_000) } as const;
    const [memory, other] = [new ArchiveMemory(options), new ArchiveMemory(options)];
    other.addFile(["kept"]);
    memory.addDirectory("d", 0o755);
    memory.addLink({ names: ["l"], member: member("symlink", "l", "t") });
    for (let at = 0; at < 200 && !memory.isGivenUp; at += 1) add(memory, at);
    expect([memory.isGivenUp, other.isGivenUp, other.hasFile(["kept"])]).toEqual([true, false, true]);
    memory.close();
  });

  it("counts a file once, however often it comes", () => {
    const memory = new ArchiveMemory({ maxCount: 10, platform: "linux", memory: new SharedMemory(100) });
    for (let times = 0; times < 10; times += 1) memory.addFile(["same"]);
    expect(memory.isGivenUp).toBe(false);
  });

  it("has what the archive says of a directory only when the archive has made it", () => {
    const memory = new ArchiveMemory({ maxCount: 10, platform: "linux" });
    memory.addDirectory("made", 0o750);
    for (const path of ["made", "found"]) memory.describeDirectory(path, member("directory", path));
    expect([...memory.directories]).toEqual([
      ["made", { allowed: 0o750, member: member("directory", "made") }],
    ]);
  });
});
