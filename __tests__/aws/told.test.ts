import { told } from "../../src/aws/told.ts";

it.each([undefined, ""])("an answer without what AWS documents fails by the member's name: %j", (value) => {
  expect(() => told(value, "taskArn")).toThrow(/does not tell 'taskArn'/);
});

it("what AWS tells is passed on", () => {
  expect(told("web", "family")).toBe("web");
});
