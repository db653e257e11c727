# --- The jobs of other runs in this container. A job whose runner is lost still runs, and this job must not run
# beside it.

# Writes what other runs read of this job: the workflow run, how long the job may go on alone, and when it began.
fx_write_about() { printf '%s\n' "$fx_url" "$fx_abandon" "$(date -u +%H:%M:%S)" >"$fx_dir/about"; }

# Whether a job goes on in fx_dir.
fx_goes_on() { [ -e "$fx_dir/about" ] && fx_ours && [ ! -e "$fx_dir/status" ] && fx_is "$(cat "$fx_dir/pid")"; }

# fx_is_followed DIRECTORY: whether a reader follows the job there: its attacher lives, and has heard of the reader in the
# last 40 s. A reader types a line every 20 s (input.ts).
fx_is_followed() { fx_is "$(cat "$1/attacher")" && [ "$(($(date +%s) - $(cat "$1/reader")))" -lt 40 ]; }

# Sets fx_dir to a job of another run, beside fx_dir, that still runs and has no reader. For fx_find.
fx_find_lost() {
  for fx_dir in "${fx_dir%/*}"/fargate-exec-*; do
    if [ "$fx_dir" != "$fx_own" ] && fx_goes_on && ! fx_is_followed "$fx_dir"; then return 0; fi
  done
  false
}

# Sets fx_other to the directory of such a job. False where there is none. A job that was found once counts until it ends.
fx_find_other() {
  fx_own=$fx_dir
  fx_dir=$fx_other
  fx_goes_on || fx_find fx_find_lost
  fx_other=$fx_dir fx_dir=$fx_own
  [ "$fx_other" != /dev/null ]
}

# Waits for such jobs to end, fx_wait seconds at most. Stops a job that has gone on alone for as long as its own run
# allows; only seconds count in which a run waits for it, since no reader could follow it while the network is down. False
# where this run is not to start, because it was cancelled or has waited in vain.
fx_await_others() {
  fx_waited=0 fx_other=/dev/null fx_met='' fx_told=''
  while fx_find_other; do
    { read -r fx_its_url && read -r fx_its_limit && read -r fx_its_begin; } <"$fx_other/about"
    if [ "$fx_met" != "$fx_other" ]; then
      fx_met=$fx_other
      # A session without a client takes a place in the container as long as its attacher lives.
      fx_tell KILL "$(cat "$fx_other/attacher")"
      fx_mark "n A job of ${fx_its_url:-another run} still runs in this container, begun at $fx_its_begin UTC, and its runner is lost. Waiting for its end, $fx_wait s at most ('timeout')${fx_its_limit:+; it is stopped after $fx_its_limit s without a follower (its 'abandon-after')}."
    elif [ "$((fx_waited % 30))" -eq 0 ]; then
      fx_mark "n Still waiting for the job of ${fx_its_url:-another run} ($fx_waited s)."
    fi
    if [ "$fx_waited" -ge "$fx_wait" ]; then
      fx_mark "! busy in use by a job of ${fx_its_url:-another run} since $fx_its_begin UTC, whose runner is lost"
      return 1
    fi
    : >"$fx_dir/waits"
    sleep 1
    fx_waited=$((fx_waited + 1))
    [ ! -e "$fx_dir/cancelled" ] || return
    fx_count_alone
  done
  [ -z "$fx_met" ] || fx_mark "n The job of ${fx_its_url:-another run} has ended ($fx_waited s)."
}

# Counts a second in which no reader follows the other job, and stops that job when they are enough.
fx_count_alone() {
  ! fx_is_followed "$fx_other" || return 0
  fx_alone=0
  read -r fx_alone <"$fx_other/alone"
  fx_alone=$((fx_alone + 1))
  echo "$fx_alone" >"$fx_other/alone"
  [ "$fx_its_limit" ] && [ "$fx_alone" -ge "$fx_its_limit" ] && [ "$fx_told" != "$fx_other" ] || return 0
  fx_told=$fx_other
  fx_mark "n Stopping the job of ${fx_its_url:-another run}: no runner has followed it for $fx_alone s (its 'abandon-after')."
  fx_tell TERM "$(cat "$fx_other/pid")"
}
