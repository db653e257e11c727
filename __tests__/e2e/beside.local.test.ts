import { compare } from "../../soak/beside/compare.ts";
import { scenarioNamed } from "../../soak/beside/scenarios.ts";

/** `npm run soak beside` compares all scenarios, and looks later at what is left. */
const REST_MS = 1_000;

it("a script that fails comes to the same end in the simulation and on the local Fargate", async () => {
  const { differences } = await compare(scenarioNamed("a script ends with 3"), REST_MS);
  expect(differences).toEqual([]);
});
