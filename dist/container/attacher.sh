# --- The attacher: it copies the spool to its terminal, from the byte that it is told, up to the end of the job. A job may
# have any number of attachers, one after the other.

# Ends the session of the attacher before this one. A session takes one of the container's seats as long as it lives.
fx_replace_attacher() {
  fx_end_session "$(cat "$fx_dir/attacher")"
  printf %s "$fx_self" >"$fx_dir/attacher"
}

# Sends the spool from byte fx_at on, then one last mark: how the job has ended, or why that is not known. When the reader
# leaves, fx_last is `left` and there is no such mark.
fx_show_job() {
  [ -z "${fx_any-}" ] || fx_find_begin
  fx_mark "@$fx_at"
  printf '\n'
  fx_quiet=0 fx_unmarked=0 fx_packer='' fx_last='' fx_begin='' fx_bytes=0 fx_held='' fx_holds=0
  until [ "$fx_last" ]; do
    # Look for the status before the size: a size that is read later includes all that was written before the status.
    fx_ended=
    [ ! -e "$fx_dir/status" ] || fx_ended=1
    fx_tell_held
    [ ! -s "$fx_dir/notes" ] || fx_tell_notes
    if [ -e "$fx_dir/left" ]; then
      fx_tell_place
      fx_last=left
    elif ! fx_measure; then
      fx_last="! gone the output from byte $fx_at on has been confirmed, and so it was removed"
    elif [ "$fx_bytes" -gt "$fx_at" ]; then
      fx_send
      fx_quiet=0
    elif [ "$fx_ended" ]; then
      fx_last=". $fx_at $(cat "$fx_dir/status")"
    else
      fx_find_loss
      [ "$fx_last" ] || fx_wait_for_news
    fi
  done
  fx_tell_holds
  [ "$fx_last" != left ] || return 0
  fx_mark "$fx_last"
  printf '\n'
}

# Sets fx_last when the job has ended without a status.
fx_find_loss() {
  if [ ! -d "$fx_dir" ]; then
    fx_last='! gone the directory of the job was removed while it ran'
  elif read -r fx_job <"$fx_dir/pid" && ! fx_lives "$fx_job" && [ ! -e "$fx_dir/status" ]; then
    fx_end_orphans
    fx_tell_group KILL "$fx_job"
    fx_last='! lost the job was killed, and its exit status with it'
  elif [ "$fx_child" ] && [ ! -e "$fx_dir/started" ] && ! fx_lives "$fx_child" && [ ! -e "$fx_dir/started" ]; then
    fx_last="! start $(fx_words)"
  fi
}

# Opens the pipe by which a recorder in python3 wakes the attacher, on descriptor 4. It is opened both ways: opening one
# end alone waits for the other.
fx_open_news() {
  fx_news=
  mkfifo "$fx_dir/news"
  [ -p "$fx_dir/news" ] || return 0
  exec 4<>"$fx_dir/news"
  fx_news=1
}

# Waits until something may have happened. When awk records, that is a short sleep.
fx_wait_for_news() {
  # fx_quiet counts tenths of a second, about.
  fx_quiet=$((fx_quiet + 1))
  # ECS Exec ends a session in which nothing moves for 20 minutes (its documentation). So a mark is sent every half minute.
  if [ "$fx_quiet" -ge 300 ]; then
    fx_tell_place
    fx_quiet=0
  fi
  if [ "$fx_news" ] && [ "$fx_python3" ]; then
    IFS= read -r fx_line <&4
    fx_quiet=$((fx_quiet + 9))
  elif [ "$fx_quiet" -gt 10 ]; then
    sleep 0.1
  else
    sleep 0.02
  fi
}
