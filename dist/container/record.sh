# --- The recorders, of which one reads the pipes of all workers and writes the spool.
#
# Whoever is left in a pipe when the workers have ended is a daemon: its output is not the job's any more, but without a
# reader its next line would kill it. Both recorders go on reading when the disk is full, and fx_stop_recording is false
# when not all of the output is in the spool.

fx_record_by_python() {
  printf '%s\n' "$fx_recorder_py" >"$fx_dir/recorder.py"
  printf %s "$fx_patterns" | python3 -I -S "$fx_dir/recorder.py" "$fx_dir" "$fx_workers" "$fx_limit" "$fx_piece" &
  fx_recorders=$!
  until [ -e "$fx_dir/recording" ]; do
    if ! kill -0 "$fx_recorders" 2>/dev/null; then
      fx_end refused "$(tail -n 1 "$fx_dir/err")"
      return 1
    fi
    sleep 0.01
  done
  fx_stop_recording() {
    # It reads what is there, and sees to daemons itself.
    kill "$fx_recorders" 2>/dev/null
    wait "$fx_recorders"
  }
}

fx_record_by_awk() {
  printf '%s\n' "$fx_recorder_awk" >"$fx_dir/recorder.awk"
  mkfifo "$fx_dir/joined"
  fx_keep <"$fx_dir/joined" &
  fx_keeper=$!
  # Open until each recorder has it: without one that writes, the pipe would be at its end.
  exec 6>"$fx_dir/joined"
  fx_recorders=
  for fx_n in $fx_all; do
    for fx_kind in o e; do
      mkfifo "$fx_dir/$fx_n.$fx_kind"
      printf '%s\n' "$fx_patterns" |
        LC_ALL=C awk -f "$fx_dir/recorder.awk" "$fx_kind" "$fx_n" "$fx_workers" \
          >&6 6>&- 5<"$fx_dir/$fx_n.$fx_kind" &
      fx_name "$!"
      fx_recorders="$fx_recorders $fx_token,$fx_n.$fx_kind"
    done
  done
  exec 6>&-
  fx_stop_recording() {
    : >"$fx_dir/ending"
    fx_tries=20
    for fx_recorder in $fx_recorders; do
      fx_awk=${fx_recorder%,*}
      while fx_lives "$fx_awk" && [ "$fx_tries" -gt 0 ]; do
        sleep 0.05
        fx_tries=$((fx_tries - 1))
      done
      if fx_lives "$fx_awk"; then
        # A reader is there before the last one goes. Opened both ways first: one end alone waits for the other.
        # shellcheck disable=SC2094 # it is a pipe
        exec 4<>"$fx_dir/${fx_recorder#*,}" 5<"$fx_dir/${fx_recorder#*,}" 4<&-
        fx_session cat <&5 >/dev/null 2>&1 5<&- &
        fx_tell TERM "$fx_awk"
        exec 5<&-
      fi
      wait "${fx_awk%:*}"
    done
    wait "$fx_keeper"
  }
}
