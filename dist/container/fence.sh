# --- The fence: a job whose run holds a lock is stopped when its runner gives no sign (beat.sh), because another run may then get the lock.

# Tells the job when no beat has come for too long. It runs beside the job, as a process of its own.
fx_keep_fence() {
  while fx_sleep 2; do
    fx_is_silent "$fx_dir" "$fx_silence" || continue
    fx_tell USR2 "$fx_self"
    return
  done
}

# Begins to watch the beat. When it is too old already, no worker of the job starts.
fx_start_fence() {
  trap 'fx_stop fenced' USR2
  if fx_is_silent "$fx_dir" "$fx_silence"; then fx_stop fenced; fi
  fx_keep_fence &
  fx_name "$!"
  fx_keeper=$fx_token
}
