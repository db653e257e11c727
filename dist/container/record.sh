# --- The recorders. With python3 one recorder reads all pipes and writes the spool. Without it each pipe has a recorder in
# awk, and fx_keep (spool.sh) writes what they print.
#
# A process that still holds a pipe when the workers have ended is a daemon. Its output is not the job's, but without a reader
# its next line would kill it (SIGPIPE). So something reads on. A recorder also reads on when the disk is full, so that no worker
# blocks.

# Starts the recorders. False when there is none: fx_end has then written the status.
fx_start_recording() {
  if [ "$fx_python3" ]; then
    fx_start_python
  elif fx_tool awk; then
    fx_start_awk
  else
    fx_end refused 'the image has neither python3 nor awk, one of which has to read the output'
    return 1
  fi
}

# Waits until the recorder in python3 reads. False when it fails: fx_end has then written the status.
fx_await_recording() {
  until [ -z "$fx_python3" ] || [ -e "$fx_dir/recording" ]; do
    if ! fx_lives "$fx_recorders"; then
      fx_end refused "$(tail -n 1 "$fx_dir/err")"
      return 1
    fi
    sleep 0.01
  done
}

# Waits until all that was printed is in the spool. False when some of it is not.
fx_stop_recording() { if [ "$fx_python3" ]; then fx_stop_python; else fx_stop_awk; fi; }

# fx_record_file KIND WORKER WORKERS: prints standard input, which has an end, as records. Without python3 fx_recorder is awk.
fx_record_file() {
  if [ "$fx_python3" ]; then
    printf '%s\n.\n' "$fx_patterns" | "$fx_python3" -I -S "$fx_dir/recorder.py" "$@"
  else
    printf '%s\n' "$fx_patterns" | LC_ALL=C "$fx_recorder" -f "$fx_dir/recorder.awk" "$@"
  fi 5<&0
}

# Starts python3 with the recorder, which records nothing before it has the patterns.
fx_load_recorder() {
  fx_open_pipe patterns
  # shellcheck disable=SC2086 # empty, it is no argument
  "$fx_python3" -I -S "$fx_dir/recorder.py" "$fx_dir" "$fx_workers" "$fx_limit" "$fx_segment" $fx_echo 6>&- <&8 8<&- &
  fx_name "$!"
  fx_recorders=$fx_token
  exec 8<&-
}

# Lets the recorder record. A dot follows the patterns: without it the recorder ends.
fx_start_python() {
  # In a subshell: when the recorder has failed, SIGPIPE ends the writer.
  (printf '%s\n.\n' "$fx_patterns" >&6)
  exec 6>&-
}

# Ends a recorder that is not to record.
fx_drop_recorder() {
  [ -n "$fx_recorders" ] || return 0
  exec 6>&-
  wait "${fx_recorders%:*}"
}

# On TERM the recorder records what is in the pipes, for a second at most, and ends. When a daemon still holds a pipe, a
# child of the recorder reads on (`drain` in recorder.py).
fx_stop_python() {
  fx_tell TERM "$fx_recorders"
  wait "${fx_recorders%:*}"
}

fx_start_awk() {
  [ -z "$fx_echo" ] || fx_note "The output is not copied to the container's log: the image has no python3."
  printf '%s\n' "$fx_recorder_awk" >"$fx_dir/recorder.awk"
  mkfifo "$fx_dir/joined" || { fx_end refused "no pipe can be made in $fx_dir"; return 1; }
  fx_keep <"$fx_dir/joined" &
  fx_spooling=$!
  # The job keeps the pipe open until every recorder has it: fx_keep ends when no process has it open for writing.
  exec 6>"$fx_dir/joined"
  fx_recorders=
  for fx_n in $fx_all; do
    for fx_kind in o e; do
      mkfifo "$fx_dir/$fx_n.$fx_kind"
      printf '%s\n' "$fx_patterns" |
        LC_ALL=C "$fx_file" -f "$fx_dir/recorder.awk" "$fx_kind" "$fx_n" "$fx_workers" \
          >&6 6>&- 5<"$fx_dir/$fx_n.$fx_kind" &
      fx_name "$!"
      fx_recorders="$fx_recorders $fx_token,$fx_n.$fx_kind"
    done
    if [ "$fx_items" ]; then
      mkfifo "$fx_dir/$fx_n.f"
      fx_record_facts "$fx_n.f"
    fi
  done
  [ -z "$fx_items" ] || fx_record_facts facts
  exec 6>&-
}

# fx_record_facts PIPE
fx_record_facts() {
  LC_ALL=C "$fx_file" -f "$fx_dir/recorder.awk" i 0 1 </dev/null >&6 6>&- 5<"$fx_dir/$1" &
  fx_name "$!"
  fx_recorders="$fx_recorders $fx_token,$1"
}

# A recorder ends with its pipe. When a daemon holds the pipe, the job starts a `cat` on it after a second and ends the
# recorder.
fx_stop_awk() {
  # Not by `:`, which ends the shell when the directory is gone.
  true >"$fx_dir/ending"
  fx_tries=20 fx_broken=
  for fx_recorder in $fx_recorders; do
    fx_awk=${fx_recorder%,*} fx_pipe=$fx_dir/${fx_recorder#*,}
    while fx_lives "$fx_awk" && [ "$fx_tries" -gt 0 ]; do
      sleep 0.05
      fx_tries=$((fx_tries - 1))
    done
    if fx_lives "$fx_awk"; then
      # The pipe is opened for the `cat` before the recorder closes it, so that the daemon gets no SIGPIPE. It is opened
      # both ways first: opening one end alone waits for the other.
      # shellcheck disable=SC2094 # it is a pipe
      exec 4<>"$fx_pipe" 5<"$fx_pipe" 4<&-
      fx_session cat <&5 >/dev/null 2>&1 5<&- &
      fx_tell TERM "$fx_awk"
      exec 5<&-
      wait "${fx_awk%:*}"
    else
      # Killed, it has not printed all.
      wait "${fx_awk%:*}" || fx_broken=1
    fi
  done
  wait "$fx_spooling" && [ ! "$fx_broken" ]
}
