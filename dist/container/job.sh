# --- The job: it starts once and outlives every session. It starts the recorders and the workers, waits for the workers,
# and writes the status.

fx_run_job() {
  fx_started='' fx_signalled='' fx_clock='' fx_killer='' fx_keeper='' fx_running='' fx_patterns='' fx_secret_environment='' fx_whole='' fx_stale='' fx_uploader='' fx_all='' fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    fx_all="$fx_all $fx_n"
    fx_n=$((fx_n + 1))
  done
  fx_prepare
  eval "$(cat)"
  # An attacher that was cut may have handed over a part of the secrets. A job never starts with a part. The process that makes
  # the directory `started` is the job. A second attacher may have started a second process, which ends here.
  if ! { [ "$fx_whole" ] && mkdir "$fx_dir/started" 2>/dev/null; }; then
    fx_drop_recorder
    return
  fi
  [ -z "$fx_items" ] || fx_make_stock
  fx_trap_stops
  fx_name self
  fx_self=$fx_token
  echo "$fx_self" >"$fx_dir/pid"
  fx_write_about
  for fx_each in stopping status; do fx_reserve "$fx_each"; done

  # What was checked may have changed while this job waited for another one.
  [ -z "$fx_flaw$fx_secret_environment$fx_stale" ] || fx_check
  fx_await_header
  [ -z "$fx_files" ] || fx_bring_files
  if [ "$fx_flaw" ]; then
    fx_drop_recorder
    fx_end refused "$fx_flaw"
    return
  fi
  fx_make_files
  fx_start_recording || return
  # Meanwhile the recorder starts.
  [ -z "$fx_pieces" ] || fx_start_uploader
  fx_note_unread
  fx_await_recording || return
  [ -z "$fx_fence" ] || fx_start_fence
  fx_start_workers
  fx_watcher=
  if [ "$fx_items" ]; then
    fx_watch_workers &
    fx_name "$!"
    fx_watcher=$fx_token
  fi
  fx_await_workers
  [ -z "$fx_watcher" ] || fx_dismiss "$fx_watcher"
  fx_conclude
}

# Does what needs no secret and changes nothing that another attacher could see: this process may never become the job.
fx_prepare() {
  fx_recorders=
  fx_limit_spool
  [ -z "$fx_python3" ] || fx_load_recorder
  fx_check
}

fx_start_uploader() {
  fx_upload &
  fx_name "$!"
  fx_uploader=$fx_token
  fx_write uploader "$fx_uploader"
}

# Begins the spool with the header. It waits three seconds at most for the header: the attacher that writes it may have been
# killed.
fx_await_header() {
  fx_tries=150
  until [ -e "$fx_dir/header" ] || [ "$fx_tries" -eq 0 ]; do
    sleep 0.02
    fx_tries=$((fx_tries - 1))
  done
  read -r fx_line <"$fx_dir/header"
  printf '%s\n' "$fx_line" >"$fx_dir/out.0"
  fx_wake_attacher
}

fx_start_workers() {
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
}

fx_await_workers() {
  # A signal ends `wait` early.
  for fx_each in $fx_running; do
    while fx_is "$fx_each"; do wait "${fx_each%:*}"; done
  done
  trap '' TERM USR1 USR2
}

# Ends the recording, then the job, with the codes of all workers in the form of carriers/stream/marks.ts.
fx_conclude() {
  fx_lost=
  [ -z "$fx_items" ] || fx_tell_fact .
  fx_stop_recording && { [ -z "$fx_items" ] || [ -z "$fx_detaches" ] || fx_keep_ends; } && fx_keep_files || fx_lost='not all of its output could be kept, as on a full disk'
  [ "$fx_lost" ] || [ -z "$fx_artifacts" ] || fx_keep_artifacts

  fx_codes=
  for fx_n in $fx_all; do
    if [ -s "$fx_dir/$fx_n.code" ] && read -r fx_exit_code <"$fx_dir/$fx_n.code"; then
      fx_codes="$fx_codes${fx_codes:+,}$fx_exit_code"
    else
      fx_lost="what waited for worker $fx_n was killed, and its exit status with it"
    fi
  done
  if [ "$fx_lost" ]; then
    fx_end_orphans
    fx_unbegun=
    [ -z "$fx_items" ] || fx_find_unbegun
    fx_end lost "$fx_unbegun$fx_lost"
    return
  fi
  fx_reason=exited
  if [ ! -e "$fx_dir/stopping" ] && { [ -z "$fx_items" ] || fx_has_run; } && fx_is_unread; then
    fx_exit_code=${fx_codes%%:*}
    fx_end refused "shell: the command ended with exit code ${fx_exit_code#*=} and has not read the script"
    return
  fi
  [ ! -e "$fx_dir/stopping" ] || fx_reason=$(cat "$fx_dir/stopping")
  fx_end "$fx_reason" "$fx_codes"
}

# fx_end REASON WORDS: writes the status, then keeps the directory for ten minutes. An attacher ends this process earlier, once
# the runner has the status. A runner that has cancelled the job waits four seconds and does not come again, so the directory is
# kept for five seconds then.
fx_end() {
  fx_reason=$1
  fx_write status "$fx_reason $2"
  trap fx_wake TERM
  fx_wake_attacher
  for fx_each in $fx_clock $fx_keeper $fx_killer; do fx_dismiss "$fx_each"; done
  fx_tries=600
  [ "$fx_reason" != cancelled ] || fx_tries=5
  while [ "$fx_tries" -gt 0 ] && [ -d "$fx_dir" ] && fx_sleep 1; do
    fx_tries=$((fx_tries - 1))
    # The reader may cancel only now.
    [ ! -e "$fx_dir/cancelled" ] || [ "$fx_tries" -le 5 ] || fx_tries=5
  done
  [ -z "$fx_uploader" ] || fx_dismiss "$fx_uploader"
  fx_end_task
  [ -z "$fx_items" ] || fx_remove_item_dirs
  rm -rf "$fx_dir"
}

# Ends the task when the container is held for this job alone and the job was detached: no runner stops such a task.
fx_end_task() {
  [ -z "$fx_held_for_job" ] || [ ! -e "$fx_dir/detached" ] || kill -s TERM 1
}
