/**
 * Where a forward leads, by its name, such as `source-5000.internal`: `echo` sends back what comes; `source` sends so many bytes, and `breaks`
 * breaks off behind them; `sink` reads all, `slow` so many bytes a second. `leaves` refuses all but the first connection, `refuses` each one.
 */
export interface FarName {
  readonly kind: (typeof KINDS)[number];
  readonly count: number;
}

const KINDS = [
  ...(["echo", "source", "breaks", "sink", "slow", "leaves"] as const),
  ...(["refuses", "silent", "unknown", "metadata"] as const),
] as const;
const NAME = new RegExp(`^(${KINDS.join("|")})(?:-(\\d+))?\\.internal$`);

export function farNameOf(host: string): FarName | undefined {
  const [, kind, count = "0"] = NAME.exec(host) ?? [];
  return kind === undefined ? undefined : { kind: kind as FarName["kind"], count: Number(count) };
}
