# A command of its own that stops the job of a run and takes its directory away, after the assignments that stop.ts puts
# in front. Sent like the bootstrap: without comments, and without what the agent would replace.

# Whoever makes `started` is the job, so one that has not started never will. One that has is told until it is gone.
fx_end_job() {
  fx_ours || return
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
    ! fx_is "$(cat "$fx_dir/pid")" || kill "$fx_pid"
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
  # A job that was itself killed has left its scripts. Each is the leader of a group, and so was the job.
  for fx_file in "$fx_dir"/*pid; do
    [ -s "${fx_file%pid}code" ] || ! fx_is_group "$(cat "$fx_file")" || kill -s KILL -- "-$fx_pid"
  done
  for fx_each in $fx_terminals; do
    ! fx_is "$fx_each" || kill -9 "$fx_pid"
  done
  rm -rf "$fx_dir"
}

{
  while [ "$fx_tries" -gt 0 ]; do
    ! fx_find fx_end_job || exit
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
} 2>/dev/null
