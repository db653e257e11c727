import { act } from "./act.ts";

it("a workflow that may have an ID token gets what to ask for it with, which no process has in its arguments", async () => {
  const workflow = `
on: push
permissions:
  id-token: write
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - run: |
          cat /proc/[0-9]*/cmdline >all 2>/dev/null || true
          echo "asks with $ACTIONS_ID_TOKEN_REQUEST_TOKEN"
          echo "$(grep -ac bearer-of-this-test all) of the processes"
`;
  const path = ".github/workflows/look.yml";
  const result = await act({
    ...{ files: { [path]: workflow }, workflow: path, event: "push" },
    ...{ env: {}, idTokenEnv: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer-of-this-test" } },
  });
  expect([result.output, result.succeeded]).toEqual([
    ["asks with bearer-of-this-test", "0 of the processes"],
    true,
  ]);
}, 120_000);
