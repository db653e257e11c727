# --- The reader: the runner, which the attacher knows by the lines that it types into the terminal.

# Reads the secrets into fx_secrets: lines of printf escapes, and a dot after the last.
fx_read_secrets() {
  fx_secrets=
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_secrets=$fx_secrets$fx_line; done
  # The dot keeps the line ends that a command substitution removes.
  fx_secrets=$(printf '%b' "$fx_secrets.")
  fx_secrets=${fx_secrets%.}
}

# Starts the two helpers of an attacher, which end with it. fx_helpers has their names.
fx_start_helpers() {
  # They must not keep the pipe of the secrets open. A shell keeps a descriptor that is closed for one call of a function.
  { exec 6>&- && fx_listen <&3; } &
  fx_name "$!"
  fx_helpers=$fx_token
  { exec 6>&- 3<&- && fx_expect_reader; } &
  fx_name "$!"
  fx_helpers="$fx_helpers $fx_token"
}

# Sends TERM to both helpers, then waits for each.
fx_end_helpers() {
  for fx_each in $fx_helpers; do fx_tell TERM "$fx_each"; done
  for fx_each in $fx_helpers; do fx_dismiss "$fx_each"; done
}

# The first helper obeys the lines that the reader types (input.ts).
fx_listen() {
  while IFS= read -r fx_line; do
    case $fx_line in 's3 '*)
      # An order has many lines, so no program is started for each of them.
      [ -z "$fx_pieces" ] || fx_take_line "${fx_line#s3 }"
      continue
      ;;
    esac
    fx_note_beat beat
    case $fx_line in
      taken)
        : >"$fx_dir/taken"
        [ -z "$fx_news" ] || echo >&4
        ;;
      'here '*) fx_confirm "${fx_line#here }" ;;
      'items '*) [ -z "$fx_items" ] || fx_take_order "${fx_line#items }" ;;
      cancel) fx_cancel ;;
      left)
        # The next sign comes by S3.
        [ -z "$fx_leaves" ] || { fx_note_beat beat.s3; fx_tell_left; }
        ;;
      away) [ -z "$fx_leaves" ] || fx_tell_away ;;
      detach) [ -z "$fx_leaves" ] || fx_detach ;;
      # The runner types `end` when its credentials have expired. StopTask begins with the same signal.
      end) kill -s TERM 1 ;;
    esac
  done
}

# A job that has ended gets no TERM: for that job it means that the runner has the status.
fx_cancel() {
  : >"$fx_dir/cancelled"
  [ -e "$fx_dir/status" ] || fx_tell TERM "$(cat "$fx_dir/pid")"
}

# The second helper ends the attacher's session when neither a beat nor the attacher's begin is younger than fx_silence: a session without a
# reader takes one of the container's seats. The helper also wakes the attacher every second, because the attacher learns in no other way that
# the job was killed.
fx_expect_reader() {
  fx_read_uptime
  fx_expects_at=$((fx_uptime + fx_silence))
  while fx_sleep 1; do
    [ -z "$fx_news" ] || echo >&4
    fx_has_beat "$fx_dir" beat "$fx_silence" || [ "$fx_uptime" -lt "$fx_expects_at" ] ||
      { [ -e "$fx_dir/stays" ] && fx_has_beat "$fx_dir" beat.s3 "$fx_silence"; } || fx_end_session "$fx_self"
  done
}

# Waits five seconds at most for the reader to say that it has the status. The reader's word wakes the attacher, and so does a helper
# each second. Wakes don't measure time: when awk records, the attacher reads none while the job runs, and they stay in the pipe.
fx_await_taken() {
  fx_read_hundredths
  fx_until=$((fx_now + 500))
  until [ -e "$fx_dir/taken" ] || [ ! -d "$fx_dir" ] || [ "$fx_now" -ge "$fx_until" ]; do
    if [ "$fx_news" ]; then IFS= read -r fx_line <&4; else sleep 0.02; fi
    fx_read_hundredths
  done
}
