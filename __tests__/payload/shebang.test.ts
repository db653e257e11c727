import { shellFor } from "../../src/payload/shebang.ts";

describe("shellFor", () => {
  it.each([
    ["a script without a shebang", undefined, "echo hello\n", "sh -e {0}"],
    ["an empty script", undefined, "", "sh -e {0}"],
    ["a shebang", undefined, "#!/bin/bash\necho\n", "/bin/bash {0}"],
    ["a shebang with an argument", undefined, "#!/bin/bash -eu\n", "/bin/bash -eu {0}"],
    ["a shebang with env", undefined, "#!/usr/bin/env python3\nprint()\n", "/usr/bin/env python3 {0}"],
    ["a shebang with spaces around the interpreter", undefined, "#! /bin/sh \n", "/bin/sh {0}"],
    ["a shebang that ends in CR LF", undefined, "#!/bin/sh\r\n", "/bin/sh {0}"],
    ["a shebang without a newline", undefined, "#!/bin/sh", "/bin/sh {0}"],
    ["a shebang without an interpreter", undefined, "#!\n#!/bin/bash\n", "sh -e {0}"],
    ["a shebang that isn't in the first line", undefined, "\n#!/bin/bash\n", "sh -e {0}"],
    ["a shell that was asked for, whatever the script says", "python3 {0}", "#!/bin/bash\n", "python3 {0}"],
  ])("of %s", (_, shell, script, template) => {
    expect(shellFor(shell, Buffer.from(script))).toBe(template);
  });
});
