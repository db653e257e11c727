import { SharedMemory } from "../src/shared-memory.ts";

function shares(most: number, count: number) {
  const memory = new SharedMemory(most);
  const givenUp: number[] = [];
  return {
    givenUp,
    shares: Array.from({ length: count }, (_, i) => memory.share(() => givenUp.push(i))),
  };
}

it("one share may have all of it, and a byte more is too much", () => {
  const { givenUp, shares: all } = shares(100, 1);
  all[0]?.hold(100);
  expect(givenUp).toEqual([]);
  all[0]?.hold(101);
  expect(givenUp).toEqual([0]);
});

it("the share that holds most is given up, whichever has grown, and then the others have its bytes", () => {
  const { givenUp, shares: all } = shares(100, 3);
  all[0]?.hold(10);
  all[1]?.hold(80);
  all[2]?.hold(20);
  expect(givenUp).toEqual([1]);
  all[0]?.hold(80);
  expect(givenUp).toEqual([1]);
});

it("what is held no more counts no more", () => {
  const { givenUp, shares: all } = shares(100, 2);
  for (let i = 0; i < 10; i += 1) {
    all[0]?.hold(90);
    all[0]?.close();
    all[1]?.hold(90);
    all[1]?.hold(0);
  }
  expect(givenUp).toEqual([]);
});
