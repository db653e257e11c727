# --- The job: started once, outlives every session.

fx_job() {
  fx_started='' fx_signalled='' fx_killer='' fx_running='' fx_patterns='' fx_secret_names='' fx_whole='' fx_all='' fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    fx_all="$fx_all $fx_n"
    fx_n=$((fx_n + 1))
  done
  # A watcher that was cut on the way here has handed over a part only, which is nothing to start with.
  eval "$(cat)"
  [ "$fx_whole" ] || return
  # Whoever makes this directory is the job; any other was started because the first was slow to come.
  mkdir "$fx_dir/started" 2>/dev/null || return
  trap 'fx_stop cancelled' TERM
  trap 'fx_stop timed-out' USR1
  fx_name "$$"
  fx_self=$fx_token
  echo "$fx_self" >"$fx_dir/pid"
  fx_tell_others
  fx_limit_spool
  cat "$fx_dir/header" >"$fx_dir/out.0"
  for fx_name in stopping status; do fx_reserve "$fx_name"; done

  fx_find_programs
  fx_check
  if [ "$fx_flaw" ]; then
    fx_end refused "$fx_flaw"
    return
  fi
  if [ "$fx_python3" ]; then
    fx_record_by_python || return
  elif command -v awk >/dev/null 2>&1; then
    fx_record_by_awk
  else
    fx_end refused 'the image has neither python3 nor awk, one of which has to read the output'
    return
  fi

  for fx_n in $fx_all; do
    fx_reserve "$fx_n.code"
    fx_worker "$fx_n" &
    fx_name "$!"
    fx_running="$fx_running $fx_token"
  done
  fx_after "$fx_timeout" fx_tell USR1 "$fx_self" &
  fx_name "$!"
  fx_clock=$fx_token
  fx_started=1
  [ ! -e "$fx_dir/stopping" ] || fx_stop "$(cat "$fx_dir/stopping")"

  # A signal ends a wait early; whoever still lives is waited for again.
  for fx_each in $fx_running; do
    while fx_is "$fx_each"; do wait "${fx_each%:*}"; done
  done
  trap '' TERM USR1
  for fx_each in $fx_clock $fx_killer; do fx_dismiss "$fx_each"; done
  fx_lost=
  fx_stop_recording || fx_lost='not all of its output could be kept, as on a full disk'

  fx_codes=
  for fx_n in $fx_all; do
    [ -s "$fx_dir/$fx_n.code" ] || fx_lost="what waited for worker $fx_n was killed, and its exit status with it"
    fx_codes="$fx_codes${fx_codes:+,}$(cat "$fx_dir/$fx_n.code")"
  done
  if [ "$fx_lost" ]; then
    fx_end_orphans
    fx_end lost "$fx_lost"
    return
  fi
  fx_reason=exited
  [ ! -e "$fx_dir/stopping" ] || fx_reason=$(cat "$fx_dir/stopping")
  fx_end "$fx_reason" "$fx_codes"
}

# Writes the status, then keeps the directory until somebody has taken it, or for ten minutes. Whoever has cancelled the
# job waits four seconds for that and does not come again.
fx_end() {
  trap fx_wake TERM
  fx_write status "$1 $2"
  fx_wake_watcher
  fx_tries=600
  [ "$1" != cancelled ] || fx_tries=5
  while [ "$fx_tries" -gt 0 ] && [ -d "$fx_dir" ] && fx_sleep 1; do fx_tries=$((fx_tries - 1)); done
  rm -rf "$fx_dir"
}
