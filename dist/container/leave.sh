# --- Leaving: the session ends while the job goes on. The reader has typed `left`, because it follows the job by S3, or `detach`,
# because it follows the job no longer. And coming back: another step attaches to a job that was left.

fx_tell_left() {
  : >"$fx_dir/left"
  fx_wake_attacher
}

# Whether PID 1 reaps the processes that it adopts. The job becomes one of them when the attacher ends. PID 1 is tried with a
# process that has lost its parent and has ended, because a program can't be judged by its name. Some programs look for such
# processes only every two seconds, so PID 1 has five.
fx_is_reaping() {
  fx_find_zombie || fx_token=$(fx_end_as_orphan &)
  fx_orphan=$fx_token fx_tries=100
  [ "$fx_orphan" ] || return
  while fx_is "$fx_orphan"; do
    [ "$fx_tries" -gt 0 ] || return
    sleep 0.05
    fx_tries=$((fx_tries - 1))
  done
}

# Prints the name of this process, once PID 1 has adopted it, and ends. Before that its parent might reap it.
fx_end_as_orphan() {
  fx_tries=100
  while fx_name self && [ "$fx_tries" -gt 0 ]; do
    case ${fx_s##*\) } in ?' 1 '*) break ;; esac
    sleep 0.01
    fx_tries=$((fx_tries - 1))
  done
  printf %s "$fx_token"
}

# Sets fx_token to a process that has ended and that PID 1 has not reaped so far. It serves as well as a new one, which would
# stay as one more zombie.
fx_find_zombie() {
  for fx_process in /proc/[0-9]*; do
    fx_name "${fx_process#/proc/}"
    case $fx_state:${fx_s##*\) } in 'Z:Z 1 '*) return 0 ;; esac
  done
  false
}

# Ends what belongs to the attacher, and nothing of the job. False when the attacher has to stay, because the ended job would be
# a zombie for ever. A job that another attacher has started has another parent already.
fx_leave() {
  [ -z "$fx_child" ] || [ -e "$fx_dir/detached" ] || fx_is_reaping || return
  fx_depart
}

# Sets fx_away when the reader needs the session no more.
fx_depart() {
  fx_end_helpers
  fx_away=
  [ ! -e "$fx_dir/away" ] || fx_away=1
  rm -f "$fx_dir/left" "$fx_dir/stays" "$fx_dir/away" "$fx_dir/attacher"
  fx_end_guard
}

# The reader has typed `away`: another run waits for the seat of this session.
fx_tell_away() {
  : >"$fx_dir/away"
  fx_wake_attacher
}

# Keeps the session without sending the spool. False once the end of the job was taken. True when the attacher has left before
# that, because another run waits for its seat. The job will then stay as a zombie.
fx_stay() {
  : >"$fx_dir/stays"
  fx_mark "n The session stays open, though S3 carries the output: PID 1 of this container reaps no process that has lost its parent, so the ended job would stay as a zombie. With 'initProcessEnabled' in the task definition the session would end here, and its seat would be free. It ends when another run waits for its seat."
  until [ -e "$fx_dir/taken" ] || [ ! -d "$fx_dir" ]; do
    if [ -e "$fx_dir/away" ]; then
      fx_depart
      return
    fi
    [ ! -s "$fx_dir/notes" ] || fx_tell_notes
    # The uploader may have been killed with the job. A reader that comes back says how the job has ended.
    ! fx_is_killed || fx_end_orphans
    fx_wait_for_news
  done
  false
}

# The reader has typed `detach`: the job goes on without a reader, and only its `timeout` ends it.
fx_detach() {
  : >"$fx_dir/detached"
  : >"$fx_dir/away"
  fx_tell_left
}

# For a step that attaches to a job of another step. Only one reader may follow a job by a session, and one that is there types a line within
# seconds. An attacher that stays has no such reader. False when a reader follows the job.
fx_await_last_reader() {
  fx_first_sign=
  while [ ! -e "$fx_dir/stays" ] && fx_is "$(cat "$fx_dir/attacher")" && fx_has_beat "$fx_dir" beat 40; do
    if [ -z "$fx_first_sign" ]; then
      fx_mark 'n Another step follows the job by its session. Waiting for a sign of it, 40 s at most.'
      fx_first_sign=$fx_beat_at
    elif [ "$fx_first_sign" != "$fx_beat_at" ]; then
      fx_mark '! followed another step follows the job by its session'
      return 1
    fi
    sleep 1
  done
  # The reader has typed its opening. This is written before the file `attacher`, so that a step that comes now waits for this reader.
  fx_note_beat beat || :
}

# Sets fx_at to the first byte that is still kept, when the reader wants an earlier one.
fx_find_begin() {
  fx_find_segments 0
  [ -z "$fx_oldest" ] || [ "$fx_oldest" -le "$fx_at" ] || fx_at=$fx_oldest
}
