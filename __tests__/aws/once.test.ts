import { once } from "../../src/aws/once.ts";

it("asks for each name once, for all callers", async () => {
  const asked: string[] = [];
  const ask = once((name: string) => {
    asked.push(name);
    return Promise.resolve(name.toUpperCase());
  });
  expect(await Promise.all(["a", "b", "a"].map(ask))).toEqual(["A", "B", "A"]);
  expect(asked).toEqual(["a", "b"]);
});

it("asks again after a rejection", async () => {
  let asked = 0;
  const ask = once((name: string) =>
    ++asked === 1 ? Promise.reject(new Error("throttled")) : Promise.resolve(name),
  );
  await expect(ask("a")).rejects.toThrow("throttled");
  expect(await ask("a")).toBe("a");
});

it("asks once when there is no name, and again after a rejection", async () => {
  let asked = 0;
  const ask = once(() => (++asked === 1 ? Promise.reject(new Error("throttled")) : Promise.resolve(asked)));
  await expect(ask()).rejects.toThrow("throttled");
  expect(await Promise.all([ask(), ask()])).toEqual([2, 2]);
});
