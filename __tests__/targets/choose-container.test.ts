import { chooseContainer } from "../../src/targets/choose-container.ts";
import { thrownBy } from "../helpers/thrown.ts";

const app = { name: "app", essential: true };
const log = { name: "log", essential: false };
const guard = { name: "aws-guardduty-agent-x", essential: undefined };

describe("the container", () => {
  it.each([
    ["the one that is named", "log", [app, log], "log"],
    ["the only one", undefined, [log], "log"],
    ["the only one beside those that AWS puts in", undefined, [guard, log], "log"],
    ["the first essential one of several", undefined, [log, app, { name: "web", essential: true }], "app"],
  ])("is %s", (_, named, candidates, expected) => {
    expect(chooseContainer(named, candidates, "the task")).toBe(expected);
  });

  it("is not found by a wrong name, and the message lists the right ones", () => {
    expect(thrownBy(() => chooseContainer("apq", [app, log], "task 'x'"))).toMatchObject({
      code: "container-not-found",
      failed: "There is no container 'apq' in task 'x'.",
      seen: "Its containers are 'app', 'log'.",
    });
  });

  it("is not guessed when it is not known which is essential", () => {
    const unknown = [
      { ...app, essential: undefined },
      { ...log, essential: undefined },
    ];
    expect(thrownBy(() => chooseContainer(undefined, unknown, "task 'x'", "Denied."))).toMatchObject({
      code: "container-ambiguous",
      seen: "Its containers are 'app', 'log'. Denied.",
    });
  });
});
