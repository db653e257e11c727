import { Controller, Signal } from "../../simulation/runner/abort.ts";

const node = { AbortController, any: (signals: AbortSignal[]) => AbortSignal.any(signals) };
const simulated = {
  AbortController: Controller as unknown as typeof AbortController,
  any: (signals: AbortSignal[]) => Signal.any(signals as unknown as Signal[]) as unknown as AbortSignal,
};

describe.each([
  ["of Node", node],
  ["of a simulated runner", simulated],
])("a signal %s", (_name, { AbortController, any }) => {
  it("calls each listener once, with the reason, and none that was taken back", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const heard: string[] = [];
    const gone = (): void => void heard.push("gone");
    signal.addEventListener("abort", () => heard.push(`first ${String(signal.reason)}`), { once: true });
    signal.addEventListener("abort", gone);
    signal.addEventListener("abort", () => heard.push("last"));
    signal.removeEventListener("abort", gone);
    expect([signal.aborted, signal.reason]).toEqual([false, undefined]);
    controller.abort("why");
    controller.abort("again");
    signal.addEventListener("abort", gone);
    expect(heard).toEqual(["first why", "last"]);
    expect(() => signal.throwIfAborted()).toThrow("why");
  });

  it("has an error as its reason when none was given", () => {
    const controller = new AbortController();
    controller.abort();
    expect(controller.signal.reason).toMatchObject({ name: "AbortError" });
  });

  it("takes a listener back when the signal of that aborts", () => {
    const [controller, over] = [new AbortController(), new AbortController()];
    const heard: string[] = [];
    controller.signal.addEventListener("abort", () => heard.push("heard"), { signal: over.signal });
    over.abort();
    controller.abort();
    expect(heard).toEqual([]);
  });

  it("of several aborts as the first of them, behind the listeners of that", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const both = any([any([one.signal]), other.signal]);
    const heard: string[] = [];
    both.addEventListener("abort", () => heard.push(`both ${String(both.reason)}`));
    other.signal.addEventListener("abort", () => heard.push(`other, and both: ${both.aborted}`));
    other.abort("second");
    one.abort("first");
    expect(heard).toEqual(["other, and both: true", "both second"]);
    expect(any([both]).reason).toBe("second");
  });
});

it("a signal of several without a listener is not kept by its sources", () => {
  const source = new Controller();
  const both = Signal.any([source.signal, new Controller().signal]);
  const listener = (): void => undefined;
  expect(source.signal.isKeeping).toBe(false);
  both.addEventListener("abort", listener);
  expect(source.signal.isKeeping).toBe(true);
  both.removeEventListener("abort", listener);
  expect(source.signal.isKeeping).toBe(false);
});
