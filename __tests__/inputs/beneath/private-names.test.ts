import { isHidden } from "../../../src/inputs/beneath/private-names.ts";

it.each<[NodeJS.Platform, readonly string[], readonly string[]]>([
  ["linux", [".git", ".GIT", ".env.test", ".npmrc"], ["GIT~1", "git", "a.env"]],
  [
    "win32",
    [".git", ".GIT", "GIT~1", "git~2", "ENV~1", "NPMRC~1", "GI7EBA~1", "ENV~1.TES", "A~12"],
    ["git", "a~b", "longname~1", "a.b~1", "~1"],
  ],
])("on %s a name that may stand for one with a dot at its beginning is private: %j", (on, yes, no) => {
  expect(yes.filter((name) => !isHidden(name, on))).toEqual([]);
  expect(no.filter((name) => isHidden(name, on))).toEqual([]);
});
