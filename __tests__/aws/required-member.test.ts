import { requireMember } from "../../src/aws/required-member.ts";

it.each([undefined, "", new Uint8Array()])(
  "an answer without a member that AWS documents fails with the member's name: %j",
  (value) => {
    expect(() => requireMember(value, "taskArn")).toThrow(/has no 'taskArn'/);
  },
);

it("a member that is there is returned", () => {
  expect(requireMember("web", "family")).toBe("web");
  expect(requireMember(Uint8Array.of(0), "Plaintext")).toEqual(Uint8Array.of(0));
});
