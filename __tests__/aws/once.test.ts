import { once } from "../../src/aws/once.ts";

it("asks for each name once, whoever asks", async () => {
  const asked: string[] = [];
  const ask = once((name) => {
    asked.push(name);
    return Promise.resolve(name.toUpperCase());
  });
  expect(await Promise.all(["a", "b", "a"].map(ask))).toEqual(["A", "B", "A"]);
  expect(asked).toEqual(["a", "b"]);
});
