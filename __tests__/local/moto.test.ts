import { execFileSync } from "node:child_process";

/** Loads `moto.py` beside the package of the same name, and prints what the lines print. */
function python(lines: string): string {
  const load = `
import importlib.util
spec = importlib.util.spec_from_file_location("server", "local/moto.py")
server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(server)
`;
  return execFileSync(".venv/bin/python3", ["-I", "-B", "-W", "error", "-c", load + lines], {
    encoding: "utf8",
  });
}

it("who reads an object while it is replaced or deleted gets its bytes", () => {
  const read = `
from moto.s3.models import FakeKey
server.let_reads_end()
key = FakeKey("name", b"bytes", account_id="123456789012", region_name="eu-west-1")
key.dispose()
print(key.value.decode())
`;
  expect(python(read)).toBe("bytes\n");
});
