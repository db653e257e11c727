import type { Ecs } from "./ecs.ts";

export interface ListFamiliesRequest {
  readonly familyPrefix?: string;
  readonly status?: "ACTIVE" | "INACTIVE" | "ALL";
}

/** Lists the families of moto's ListTaskDefinitions, since moto's ListTaskDefinitionFamilies ignores the status. */
export async function listTaskDefinitionFamilies(
  { records }: Ecs,
  { familyPrefix = "", status = "ALL" }: ListFamiliesRequest,
): Promise<object> {
  const wanted = status === "ALL" ? ["ACTIVE", "INACTIVE"] : [status];
  const answers = await Promise.all(
    wanted.map((each) => records.call("ListTaskDefinitions", { status: each })),
  );
  const arns = answers.flatMap((answer) => (answer as { taskDefinitionArns: string[] }).taskDefinitionArns);
  const families = arns.map((arn) => /\/(.*):\d+$/.exec(arn)?.[1] ?? "");
  return { families: [...new Set(families)].filter((name) => name.startsWith(familyPrefix)).sort() };
}
