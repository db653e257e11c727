# The file `job` of the job directory: what runs in the container once the payload is there. README.md is the map of its
# parts. This part is the first one. Every part defines functions, and the last line of the whole calls fx_main.
#
# Two processes run it. The bootstrap reads it with `.` and no arguments, and so becomes the attacher. The attacher runs
# it as a program, with the arguments of fx_main: that process is the job. It leads a POSIX session of its own (setsid), so that
# the end of an attacher is not the end of the job.
#
# Every name begins with fx_ and none is exported, so that the variables of the container stay what they are. Only
# fx_take_credentials exports: variables that PID 1 of the container has.

# fx_main [DIRECTORY UMASK PATH UID PYTHON3 SETSID ENV SURE]
fx_main() {
  if [ $# -gt 0 ]; then
    fx_dir=$1 fx_umask=$2 fx_path=$3 fx_uid=$4 fx_python3=$5 fx_setsid=$6 fx_env=$7 fx_sure=$8
    fx_run_job
  else
    # The terminal carries the spool and marks. The runner would take a message of a program for output of the job.
    exec 2>/dev/null
    fx_run_attacher
  fi
}

# What an attacher does, from the payload to the end of the job.
fx_run_attacher() {
  fx_child='' fx_writer='' fx_met='' fx_unheard=''
  fx_take_payload
  fx_take_opening
  fx_read_secrets
  [ -z "${fx_any-}" ] || fx_await_last_reader || return 0
  fx_replace_attacher
  fx_begin_beat
  fx_open_news
  [ -z "$fx_leaves" ] || rm -f "$fx_dir/left" "$fx_dir/stays" "$fx_dir/away"
  fx_start_helpers
  if [ "$fx_child" ]; then
    if [ "$fx_wait" -gt 0 ] && ! fx_await_others; then
      fx_drop_job
      return
    fi
    fx_put_off
    fx_leave_about
    fx_start_job
  fi
  fx_secrets=
  [ -z "$fx_writer" ] || wait "$fx_writer"
  [ -z "$fx_new" ] || [ -z "$fx_listed" ] || fx_mark "n Programs that are not run, because another user of the container can replace them:$fx_listed."
  fx_show_job
  if [ "$fx_last" != left ]; then
    fx_await_taken
  elif fx_leave || fx_stay; then
    # A reader that has detached, or has given the seat to another run, may be gone. A paused agent would keep the session then.
    [ -z "$fx_away" ] || fx_end_session "$fx_self"
    return 0
  fi
  # Without `taken` the next attacher is to show the status again.
  fx_untaken=
  [ -e "$fx_dir/taken" ] || fx_untaken=1
  if [ "$fx_untaken" ] && [ -d "$fx_dir" ]; then
    fx_end_helpers
    # The reader may be lost, and the agent paused: it would not see the end of this process, and would keep the session.
    fx_end_session "$fx_self"
    return 0
  fi
  # A reader that has taken the end from S3 has left, though its word to this attacher was lost with its connection.
  [ "$fx_last" = left ] || [ ! -s "$fx_dir/taken" ] || fx_untaken=1
  fx_remove_job
  # The same then, and when the directory was removed, as it is soon after a cancel. A reader that is there has the time to read why.
  [ -z "$fx_untaken" ] || sleep 2
  # And when S3 has brought the end: a reader that has left needs no session.
  [ "$fx_last" != left ] && [ -z "$fx_untaken" ] || fx_end_session "$fx_self"
}

# Does what needs nothing of what the runner types: takes the payload apart, if this session has brought one, and prepares the job.
fx_take_payload() {
  if [ "$fx_new" ]; then
    # A loader has started it already.
    [ "$fx_code" ] || fx_start_guard
    fx_name_guard
  fi
  # The loader of a typed payload may have called fx_survey already.
  [ "$fx_sure" ] || fx_survey
  # Without a loader the runner has not typed the nonce yet. The exec agent sleeps for a second before it reads the terminal, so the
  # header costs little time here.
  [ "$fx_code" ] || fx_write_header
  fx_find_programs
  [ -z "$fx_new" ] || fx_unpack
  fx_settle_programs
  # The attacher before this one may have been cut before it started the job. A step that attaches to the job of another step has no
  # payload: its fx_head is 0. `started` alone would not keep it from a start, because it may be gone while the directory is being
  # removed.
  # shellcheck disable=SC2154 # bootstrap.ts sets fx_head
  [ -e "$fx_dir/started" ] || [ "$fx_head" -eq 0 ] || fx_prepare_job
}

# Reads the opening, unless the loader has, and tells how the script has come and where the job is.
fx_take_opening() {
  if [ "$fx_code" ]; then
    # The process that writes the header must not keep the pipe of the secrets open.
    { exec 6>&- && fx_write_header; } &
    fx_writer=$!
  else
    fx_open
    # shellcheck disable=SC2154 # the bootstrap sets fx_watch
    wait "$fx_watch"
  fi
  # The loader has already reported every other delivery method.
  [ -z "$fx_new" ] || [ "$fx_code" ] || fx_mark 'n Script fetched by boto3.'
  [ -z "$fx_odd" ] || fx_mark "n The directory $fx_odd was passed over, because another user of the container has made it. The job is in $fx_dir."
}

# Ends a job that is not to start: its process ends when it gets no secrets.
fx_drop_job() {
  exec 6>&-
  fx_end_helpers
  rm -rf "$fx_dir"
  wait "${fx_child%:*}"
  fx_end_guard
}

# Ends the job, or what is left of it, and removes its directory: the runner has the status, or the directory is gone.
fx_remove_job() {
  fx_job=$(cat "$fx_dir/pid")
  # Told before the helpers, the job ends while they are waited for.
  [ -z "$fx_pieces" ] || fx_end_uploader "$(cat "$fx_dir/uploader")"
  fx_end_task
  fx_tell TERM "$fx_job"
  [ -z "$fx_new" ] || fx_tell TERM "$fx_guard"
  fx_end_helpers
  rm -rf "$fx_dir"
  # A job that has lost its directory may not see that, and nobody else knows its processes then.
  [ -z "$fx_child" ] || [ "$fx_job" ] || fx_end_lost_child
  for fx_each in $fx_child; do wait "${fx_each%:*}"; done
  fx_end_guard
}

# Replaces the number of the guard in fx_guard by its name (process.sh). The guard is a child that no `wait` has reaped so far, so the
# number is still its own.
fx_name_guard() {
  fx_name "$fx_guard"
  fx_guard=$fx_token
}

# Ends the guard, if this attacher has one, and waits for it: PID 1 may reap no child. The job has started, or its directory is gone.
fx_end_guard() { [ -z "$fx_new" ] || fx_dismiss "$fx_guard" || :; }

# Writes the header, which takes up to two seconds, unless an attacher has done that.
fx_write_header() {
  [ -e "$fx_dir/header" ] || { fx_print_header >"$fx_dir/header.$$" && mv "$fx_dir/header.$$" "$fx_dir/header"; }
}

# Takes the payload apart. The directory holds a job once the file `new` has become `job`.
fx_unpack() {
  fx_cut_payload || : >"$fx_dir/short"
  rm "$fx_dir/payload"
  [ -z "$fx_python3" ] || printf '%s\n' "$fx_recorder_py" >"$fx_dir/recorder.py"
  mv "$fx_dir/new" "$fx_dir/job"
}

# Writes each part of the payload that follows the job's code into the file that fx_cuts names. False when the disk has no room for them.
# shellcheck disable=SC2154 # bootstrap.ts sets fx_head
fx_cut_payload() {
  fx_from=$((fx_head + 1))
  for fx_each in $fx_cuts; do
    if [ "$fx_each" = "${fx_cuts##* }" ]; then
      tail -c "+$fx_from" "$fx_dir/payload" >"$fx_dir/${fx_each%:*}" || return
    else
      tail -c "+$fx_from" "$fx_dir/payload" | head -c "${fx_each#*:}" >"$fx_dir/${fx_each%:*}" || return
    fi
    fx_from=$((fx_from + ${fx_each#*:}))
  done
}

# Starts the process of the job, which prepares what depends on no secret while the runner has yet to type. The job begins when the
# process has the secrets. Without them the process ends, when descriptor 6 is closed or this attacher ends.
fx_prepare_job() {
  fx_take_credentials
  fx_open_pipe secrets
  fx_adopting /bin/sh "$fx_dir/job" "$fx_dir" "$fx_umask" "$fx_path" "$fx_uid" \
    "$fx_python3" "$fx_setsid" "$fx_env" "$fx_sure" >/dev/null 2>>"$fx_dir/err" 3<&- 6>&- <&8 8<&- &
  fx_name "$!"
  fx_child=$fx_token
  exec 8<&-
}

# Hands the secrets to the job, which then begins.
fx_start_job() {
  fx_more=
  # After a wait for the job of another run, this job checks everything again.
  [ -z "$fx_met$fx_unheard" ] || fx_more='fx_stale=1'
  # In a subshell: when the process of the job has ended, SIGPIPE ends only that.
  (printf '%s%s\n' "$fx_secrets" "$fx_more" >&6)
  exec 6>&-
}
