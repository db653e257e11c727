import { requireMember } from "../../src/aws/required-member.ts";

it.each([undefined, "", new Uint8Array()])(
  "an answer without what AWS documents fails by the member's name: %j",
  (value) => {
    expect(() => requireMember(value, "taskArn")).toThrow(/has no 'taskArn'/);
  },
);

it("what AWS tells is passed on", () => {
  expect(requireMember("web", "family")).toBe("web");
  expect(requireMember(Uint8Array.of(0), "Plaintext")).toEqual(Uint8Array.of(0));
});
