import { bodiesUpTo } from "../../../local/front/requests.ts";

it("bodies are recorded as long as all together have no more bytes than the bound", () => {
  const mayKeep = bodiesUpTo(10);
  expect([4, 6, 1, 0].map(mayKeep)).toEqual([true, true, false, true]);
  const other = bodiesUpTo(10);
  expect([11, 4].map(other)).toEqual([false, true]);
});
