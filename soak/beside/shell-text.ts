import { shellScript } from "../../__tests__/helpers/replays/replay.ts";
import type { RunnerOptions } from "../../simulation/scenario.ts";

/** What the simulated script does for an item, whose text is `r0 i1 wait 2000 exit 75,0`: it says so, waits, and ends. */
const FOR_ITEM = `
set -- $FARGATE_EXEC_ITEM
echo "out $1 $2 attempt $FARGATE_EXEC_ITEM_ATTEMPT"
sleep "$(($4 / 1000))"
left=$FARGATE_EXEC_ITEM_ATTEMPT
IFS=,
set -- $6
while [ "$left" -gt 1 ] && [ $# -gt 1 ]; do left=$((left - 1)); shift; done
exit "$1"
`;

/** The script of a step, as a shell of the container runs it. */
export function shellText({ script, inputs }: RunnerOptions): string {
  const text = shellScript(script);
  return "items" in inputs ? `${text.replace(/\nexit \d+$|^exit \d+$/, "")}${FOR_ITEM}` : text;
}
