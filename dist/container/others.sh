# --- The jobs of other runs in this container. A job whose runner is lost still runs, and this job must not run
# beside it.

# Writes what other runs read of this job: the workflow run, and when the job began.
fx_write_about() { printf '%s\n' "$fx_url" "$(date -u +%H:%M:%S)" >"$fx_dir/about"; }

# Whether a job goes on in fx_dir. One that was killed may stay as a zombie, when PID 1 reaps no child.
fx_goes_on() { [ -e "$fx_dir/about" ] && fx_ours && [ ! -e "$fx_dir/status" ] && fx_lives "$(cat "$fx_dir/pid")"; }

# Sets fx_dir to the directory of a job of another run, beside fx_dir, that still runs and is not known to have a reader. For fx_find.
# Ends the sessions of the jobs that have ended, or that were detached, and whose readers are lost, and the scripts of jobs that were killed.
fx_find_unheard() {
  for fx_dir in "${fx_dir%/*}"/fargate-exec-*; do
    [ "$fx_dir" != "$fx_own" ] || continue
    # A job that was detached needs no reader: its `timeout` ends it.
    if [ ! -e "$fx_dir/detached" ] && fx_goes_on; then
      fx_is_there "$fx_dir" || return 0
    else
      # What would end them may have been killed, too.
      ! { [ -e "$fx_dir/about" ] && fx_ours && fx_is_killed; } || fx_end_orphans
      fx_end_lost
    fi
  done
  false
}

# Ends the session of the job in fx_dir when its reader is lost. Without a client the gateway pauses the agent. The attacher then waits
# in a write to the terminal, also long after the end of the job.
fx_end_lost() {
  [ -e "$fx_dir/about" ] && fx_ours && fx_is_lost "$fx_dir" && fx_is "$(cat "$fx_dir/attacher")" || return
  # shellcheck disable=SC2086 # it is to be split into words
  set -- ${fx_s##*\) }
  fx_end_session "$fx_token"
  # The agent tries to send its output for two seconds more. Until then the session keeps its seat, and the run after this one would wait.
  fx_tries=30
  while read -r fx_comm <"/proc/$2/comm" && [ "$fx_comm" = ssm-session-wor ] && [ "$fx_tries" -gt 0 ]; do
    sleep 0.1
    fx_tries=$((fx_tries - 1))
  done
}

# Sets fx_other to the directory of such a job. False when there is none. The job that this run waits for counts until it ends.
fx_find_other() {
  fx_own=$fx_dir fx_dir=$fx_met
  { [ "$fx_met" ] && fx_goes_on; } || fx_find fx_find_unheard
  fx_other=$fx_dir fx_dir=$fx_own
  [ "$fx_other" != /dev/null ]
}

# Waits for the next beat of the reader of each such job, or until that reader is lost. Then waits for the end of the job, fx_wait seconds at
# most. False when this run is not to start, because it was cancelled or has waited in vain.
fx_await_others() {
  fx_waited=0 fx_met='' fx_unheard=''
  while fx_find_other; do
    { read -r fx_its_url && read -r fx_its_begin; } <"$fx_other/about"
    if [ "$fx_met" != "$fx_other" ] && ! fx_is_lost "$fx_other"; then
      [ "$fx_unheard" = "$fx_other" ] || fx_mark "n A job of ${fx_its_url:-another run} runs in this container, begun at $fx_its_begin UTC. Waiting for a sign of its runner, 30 s at most; with one, this job starts beside it."
      fx_unheard=$fx_other
      fx_pause 0.2 || return
      continue
    fi
    if [ "$fx_met" != "$fx_other" ]; then
      fx_met=$fx_other
      # A session without a client takes a seat in the container.
      fx_end_session "$(cat "$fx_other/attacher")"
      fx_mark "n A job of ${fx_its_url:-another run} still runs in this container, begun at $fx_its_begin UTC, and its runner is lost. Waiting for its end, $fx_wait s at most ('queue-timeout')."
    elif [ "$((fx_waited % 30))" -eq 0 ]; then
      fx_mark "n Still waiting for the job of ${fx_its_url:-another run} ($fx_waited s)."
    fi
    if [ "$fx_waited" -ge "$fx_wait" ]; then
      fx_mark "! busy in use by a job of ${fx_its_url:-another run} since $fx_its_begin UTC, whose runner is lost"
      return 1
    fi
    fx_pause 1 || return
    fx_waited=$((fx_waited + 1))
  done
  [ -z "$fx_met" ] || fx_mark "n The job of ${fx_its_url:-another run} has ended ($fx_waited s)."
}

# fx_pause SECONDS: false when this run was cancelled meanwhile.
fx_pause() {
  sleep "$1"
  [ ! -e "$fx_dir/cancelled" ]
}
