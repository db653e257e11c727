import { quote } from "./quote.ts";

/**
 * A command that stops the job of this run, for when no session can tell it to, and takes its directory away. Whoever
 * makes `started` is the job, so one that has not started never will. One whose session is yet to come is waited for,
 * ten seconds unless the session is known, for that has been ended.
 * It needs no reader: the agent runs a command before anybody has connected to its session, unless the cluster
 * encrypts its sessions.
 */
export function stopCommand(runId: string, { sessionKnown = false } = {}): string {
  const script = `n=${sessionKnown ? 18 : 0}
until [ $n -ge 20 ]; do
for p in /tmp /var/tmp /dev/shm /run "$PWD"; do
d=$p/fargate-exec-${runId}
[ -d "$d" ] || continue
w=$(cat "$d/maker" "$d/watcher")
mkdir "$d/started" || while [ -d "$d" ] && [ $n -lt 40 ]; do
kill "$(cat "$d/pid")"
sleep 0.5
n=$((n + 1))
done
for i in $w; do ! grep -q ${runId} "/proc/$i/cmdline" || kill -9 "$i"; done
rm -rf "$d"
n=40
done
sleep 0.5
n=$((n + 1))
done 2>/dev/null`;
  return `/bin/sh -c ${quote(script)}`;
}
