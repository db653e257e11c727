import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BEAT_EVERY_MS, CONTROL_EVERY_MS, LOST_MS, SILENCE_MS } from "../../src/payload/beat.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";

const part = (name: string): string =>
  fileURLToPath(new URL(`../../src/payload/container/${name}`, import.meta.url));
const BEAT_SH = part("beat.sh");
const directory = mkdtempSync(join(tmpdir(), "beat-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** The seconds since a beat that was typed, and since one by S3; undefined: there was none. */
type Ages = readonly [typed: number | undefined, byS3: number | undefined];

/** What beat.sh says of a job with beats of these ages: whether its reader is there, is lost, and is silent for 90 s. */
function judge(sh: string, ages: Ages, attacher = "lives"): string {
  const job = mkdtempSync(join(directory, "job-"));
  writeFileSync(join(job, "attacher"), attacher);
  for (const [i, file] of ["beat", "beat.s3"].entries())
    if (ages[i] !== undefined) writeFileSync(join(job, file), `${1_000_000 - ages[i]}\n`);
  return runShell(
    sh,
    `. ${BEAT_SH}
    fx_read_uptime() { fx_uptime=1000000; }
    fx_is() { [ "$1" = lives ]; }
    ! fx_is_there "$1" || printf 'there '
    ! fx_is_lost "$1" || printf 'lost '
    ! fx_is_silent "$1" 90 || printf 'silent '`,
    [job],
  )
    .toString()
    .trim();
}

const LAST = LOST_MS / 1000;
const NEVER = undefined;
const RULES: readonly (readonly [Ages, string])[] = [
  [[NEVER, NEVER], "lost silent"],
  [[0, NEVER], "there"],
  [[BEAT_EVERY_MS / 1000 + 4, NEVER], "there"],
  [[10, NEVER], ""],
  [[LAST - 1, NEVER], ""],
  [[LAST, NEVER], "lost"],
  [[SILENCE_MS / 1000 - 1, NEVER], "lost"],
  [[SILENCE_MS / 1000, NEVER], "lost silent"],
  // The uploader reads `control` every 30 s, and finds one that is up to CONTROL_EVERY_MS old.
  [[NEVER, 39], "there"],
  [[NEVER, 40], ""],
  [[NEVER, 69], ""],
  [[NEVER, 70], "lost"],
  [[NEVER, 90], "lost silent"],
  // The younger one counts.
  [[500, 39], "there"],
  [[5, 500], "there"],
  [[39, 500], ""],
  [[500, 500], "lost silent"],
  // Where the machine tells a container an uptime of its own, but not the begin of its processes: until the first line comes.
  [[-5, NEVER], "there"],
];

describe.each(SHELLS)("under %s", (sh) => {
  it("the age of the last beat says whether a job has a reader, has lost it, or is silent", () => {
    expect(RULES.map(([ages]) => [ages, judge(sh, ages)])).toEqual(RULES);
    // The session has ended.
    expect([judge(sh, [0, NEVER], "is dead"), judge(sh, [0, 39], "is dead")]).toEqual(["", "there"]);
  });

  it("a beat is noted in place, in seconds since the machine has started, which others can read", () => {
    const job = mkdtempSync(join(directory, "job-"));
    const said = runShell(
      sh,
      `. ${BEAT_SH}
      fx_dir=$1 fx_self=4711:12345678
      fx_begin_beat && cat "$fx_dir/beat"
      fx_note_beat beat && cp "$fx_dir/beat" "$fx_dir/noted" && fx_begin_beat && cmp "$fx_dir/beat" "$fx_dir/noted" && fx_has_beat "$fx_dir" beat 10 && echo there`,
      [job],
    ).toString();
    expect(said).toBe("123456\nthere\n");
  });
});

it.each(everyNth(SHELLS, 5))(
  "a directory without a job is removed ten minutes after the last beat, under %s",
  (sh) => {
    const job = mkdtempSync(join(directory, "guarded-"));
    writeFileSync(join(job, "maker"), "");
    const ticks = join(directory, `ticks-${Math.random()}`);
    writeFileSync(ticks, "0\n");
    // Each second a sign, for eleven minutes.
    const script = `. ${part("guard.sh")}
      sleep() {
        read -r n <${ticks}
        n=$((n + 1))
        echo "$n" >${ticks}
        [ "$n" -gt 660 ] || echo "$n" >beat
      }
      fx_end_session() { :; }
      fx_dir=$1 fx_self=self
      fx_start_guard
      wait "$fx_guard"`;
    runShell(sh, script, [job]);
    expect(existsSync(job)).toBe(false);
    expect(Number(readFileSync(ticks, "utf8"))).toBe(660 + 600);
  },
  60_000,
);

it("a runner gives a sign by S3 before the one before it is too old, though the container reads it every 30 s", () => {
  expect(CONTROL_EVERY_MS / 1000).toBeLessThan(30);
  expect(BEAT_EVERY_MS * 2).toBeLessThanOrEqual(10_000);
});
