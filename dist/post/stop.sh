# A command of its own that stops the job of a run and takes its directory away, after the assignments that stop.ts puts
# in front. Sent like the bootstrap: without comments, and without what the agent would replace.

# Whoever makes `started` is the job, so one that has not started never will. One that has is told until it is gone.
fx_end_job() {
  if mkdir "$fx_dir/started"; then
    # Who has made the directory says so at once. Unless that one is ended it makes another somewhere else.
    fx_tries=10
    until [ -s "$fx_dir/maker" ] || [ "$fx_tries" -eq 0 ]; do
      sleep 0.1
      fx_tries=$((fx_tries - 1))
    done
    fx_tries=-20
  fi
  fx_terminals=$(cat "$fx_dir/maker" "$fx_dir/watcher")
  while [ -d "$fx_dir" ] && [ "$fx_tries" -gt -20 ]; do
    kill "$(cat "$fx_dir/pid")"
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
  # A job that was itself killed has left its scripts. Each is the leader of a group, and so was the job.
  for fx_file in "$fx_dir"/*pid; do
    fx_pid=$(cat "$fx_file")
    [ -z "$fx_pid" ] || [ -s "${fx_file%pid}code" ] || kill -s KILL -- "-$fx_pid"
  done
  for fx_pid in $fx_terminals; do
    # A process of that number need not be the same one any more.
    ! grep -q "$fx_run" "/proc/$fx_pid/cmdline" || kill -9 "$fx_pid"
  done
  rm -rf "$fx_dir"
}

{
  while [ "$fx_tries" -gt 0 ]; do
    for fx_place in /tmp /var/tmp /dev/shm /run "$PWD"; do
      fx_dir=$fx_place/fargate-exec-$fx_run
      [ ! -d "$fx_dir" ] || { fx_end_job && exit; }
    done
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
} 2>/dev/null
