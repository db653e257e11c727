# The command that stops the job of a run and removes its directory, after the assignments of stop.ts. Sent as the bootstrap
# is: without comments and indentation, and without what the agent would replace.

# Stops the job in fx_dir, for fx_find. The process that makes `started` is the job. So a job that has not started can't start any
# more. A job that has started gets TERM until its directory is gone.
fx_end_job() {
  fx_ours || return
  if mkdir "$fx_dir/started"; then
    # The bootstrap that has made the directory writes `maker` next, on a busy machine seconds later. It has to be ended, too: it
    # would make another directory under another parent, or wait for a reader for ever.
    fx_tries=50
    until [ -s "$fx_dir/maker" ] || [ "$fx_tries" -eq 0 ]; do
      sleep 0.1
      fx_tries=$((fx_tries - 1))
    done
    fx_tries=-20
  fi
  fx_terminals=$(cat "$fx_dir/maker" "$fx_dir/attacher")
  # This command comes later than a cancel by a session, so less time is left for packing artifacts (artifacts.sh).
  : >"$fx_dir/late"
  fx_grace=6
  while [ -d "$fx_dir" ] && [ "$fx_tries" -gt -20 ]; do
    # For a job that has ended TERM means that the runner has the status. Its uploader has three seconds to bring that.
    if [ -e "$fx_dir/status" ] && [ -e "$fx_dir/order" ] && [ "$fx_grace" -gt 0 ]; then
      fx_grace=$((fx_grace - 1))
    else
      fx_tell TERM "$(cat "$fx_dir/pid")"
    fi
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
  # A job that was killed has left its workers. Each worker leads a process group, and so did the job.
  for fx_file in "$fx_dir"/*pid; do
    if [ ! -s "${fx_file%pid}code" ] && fx_read_name "$fx_file"; then fx_tell_group KILL "$fx_leader"; fi
  done
  for fx_each in $fx_terminals; do fx_end_session "$fx_each"; done
  rm -rf "$fx_dir"
}

{
  while [ "$fx_tries" -gt 0 ]; do
    ! fx_find fx_end_job || exit
    sleep 0.5
    fx_tries=$((fx_tries - 1))
  done
} 2>/dev/null
