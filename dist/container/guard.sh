# --- The guard: it removes the directory of a job that does not start. The runner that was to type the rest may be lost.
#
# Part of both loaders, and of the job.

# fx_begin_loading: what each loader does first. The watch of the bootstrap has ended.
fx_begin_loading() {
  wait "$fx_watch"
  [ -z "$fx_new" ] || fx_start_guard
}

# fx_start_guard: starts the guard, in the bootstrap that has made the directory. After ten minutes without a job and without a new beat
# (beat.sh) the guard removes the directory and ends the bootstrap. A run that waits for others (others.sh) has beats. TERM ends the guard's
# `sleep`: the guard then sees at once that there is a job. PID 1 may reap no child, so the guard waits for its `sleep`. HUP does not end the
# guard: it outlives its terminal. It may begin only after that is lost, so HUP is ignored before.
fx_start_guard() {
  trap '' HUP
  {
    cd "$fx_dir" || exit
    fx_n=0 fx_sign=''
    while [ -e maker ] && [ ! -e started ]; do
      sleep 1 &
      trap 'kill $!' HUP TERM
      wait
      fx_n=$((fx_n + 1))
      if [ -e beat ] && read -r fx_line <beat && [ "$fx_line" != "$fx_sign" ]; then fx_n=0 fx_sign=$fx_line; fi
      if [ "$fx_n" -ge 600 ] && mkdir started; then
        rm -rf "$fx_dir"
        fx_end_session "$fx_self"
      fi
    done
    wait
  } >/dev/null 2>&1 3<&- &
  fx_guard=$!
  trap - HUP
}
