# --- The fence: a job whose run holds a lock is stopped when no sign of its runner comes, because another run may then get the
# lock.
#
# Times are seconds since the machine has started, which no change of a clock moves.

# Sets fx_uptime.
fx_read_uptime() {
  read -r fx_uptime fx_rest </proc/uptime
  fx_uptime=${fx_uptime%%.*}
}

# Notes a sign of the runner: a line that it has typed, or a new `control`. The file is written in place, which needs no room
# on a full disk.
fx_sign() { fx_read_uptime && echo "$fx_uptime" 1<>"$fx_dir/sign"; }

# Notes when the bootstrap began, as the first sign. The runner makes certain of its lock after that. The kernel tells the
# start of a process in hundredths of a second (proc(5)). A later bootstrap changes nothing.
fx_begin_signs() { [ -e "$fx_dir/sign" ] || echo "$((${fx_self#*:} / 100))" >"$fx_dir/sign"; }

# Whether no sign has come for fx_fence seconds.
fx_is_silent() {
  fx_read_uptime
  ! { read -r fx_signed <"$fx_dir/sign" && [ "$((fx_uptime - fx_signed))" -lt "$fx_fence" ]; }
} 2>/dev/null

# Tells the job when no sign has come for too long. It runs beside the job, as a process of its own.
fx_keep_fence() {
  while fx_sleep 2; do
    fx_is_silent || continue
    fx_tell USR2 "$fx_self"
    return
  done
}

# Begins to watch for signs. When it is too late already, no worker of the job starts.
fx_start_fence() {
  trap 'fx_stop fenced' USR2
  if fx_is_silent; then fx_stop fenced; fi
  fx_keep_fence &
  fx_name "$!"
  fx_keeper=$fx_token
}
