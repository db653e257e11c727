# --- The hold: with `keep-task: job` the container lives until a deadline that later steps put off (hold-command.ts).

# Puts the end of the held container off, to 15 minutes after the `timeout` of this job. The file is there when the step that has started
# the task, which has fx_keeps, has made it. Only root can write where it is. A deadline that is later than ours stays.
fx_put_off() {
  [ "$fx_keeps" ] || [ -f "$fx_deadline" ] || return 0
  # shellcheck disable=SC2154 # job-text.ts sets it
  if fx_safe "${fx_deadline%/*}/" && { [ ! -e "$fx_deadline" ] || fx_safe "$fx_deadline"; }; then
    fx_read_hundredths
    fx_until=$((fx_now / 100 + fx_timeout + fx_slack)) fx_known=0
    [ ! -s "$fx_deadline" ] || read -r fx_known <"$fx_deadline"
    case $fx_known in '' | *[!0-9]* | ??????????*) fx_known=0 ;; esac
    [ "$fx_known" -lt "$fx_until" ] || return 0
    # The file appears with its whole line.
    if echo "$fx_until" >"$fx_deadline.$fx_id" && mv -f "$fx_deadline.$fx_id" "$fx_deadline"; then return 0; fi
  fi
  fx_mark "n The end of the task can't be put off, because $fx_deadline can't be written: the task ends 15 minutes after the 'timeout' of the step that has started it."
}
