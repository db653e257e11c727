# --- The jobs of other runs in this container. One that goes on though its runner is lost must not run beside ours.

# What other runs are told of this job: the workflow run, how long the job may go on alone, and when it began.
fx_tell_others() { printf '%s\n' "$fx_url" "$fx_abandon" "$(date -u +%H:%M:%S)" >"$fx_dir/about"; }

# Whether a job goes on in fx_dir.
fx_goes_on() { [ -e "$fx_dir/about" ] && fx_ours && [ ! -e "$fx_dir/status" ] && fx_is "$(cat "$fx_dir/pid")"; }

# Whether somebody reads what the job in $1 prints: its attacher lives, and has heard from its reader, who speaks every 20 s.
fx_is_followed() { fx_is "$(cat "$1/watcher")" && [ "$(($(date +%s) - $(cat "$1/reader")))" -lt 40 ]; }

# Sets fx_dir to a job of another run in the place of fx_dir that goes on and that nobody follows.
fx_is_lost() {
  for fx_dir in "${fx_dir%/*}"/fargate-exec-*; do
    if [ "$fx_dir" != "$fx_own" ] && fx_goes_on && ! fx_is_followed "$fx_dir"; then return 0; fi
  done
  false
}

# Sets fx_other to the directory of such a job; false where there is none. One that was found counts until it has ended.
fx_find_other() {
  fx_own=$fx_dir
  fx_dir=$fx_other
  fx_goes_on || fx_find fx_is_lost
  fx_other=$fx_dir fx_dir=$fx_own
  [ "$fx_other" != /dev/null ]
}

# Waits for such jobs to end, for fx_wait seconds at most, and stops one that has gone on alone for as long as its own
# run allows. Only seconds in which somebody waits count: while the network is down nobody could follow it. False when
# this run is not to start: it was cancelled, or has waited in vain.
fx_await_others() {
  fx_waited=0 fx_other=/dev/null fx_met='' fx_told=''
  while fx_find_other; do
    { read -r fx_its_url && read -r fx_its_limit && read -r fx_its_begin; } <"$fx_other/about"
    if [ "$fx_met" != "$fx_other" ]; then
      fx_met=$fx_other
      # A session without a client keeps its place in the container as long as its attacher lives.
      fx_tell KILL "$(cat "$fx_other/watcher")"
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

fx_count_alone() {
  ! fx_is_followed "$fx_other" || return 0
  fx_alone=0
  read -r fx_alone <"$fx_other/alone"
  fx_alone=$((fx_alone + 1))
  echo "$fx_alone" >"$fx_other/alone"
  [ "$fx_its_limit" ] && [ "$fx_alone" -ge "$fx_its_limit" ] && [ "$fx_told" != "$fx_other" ] || return 0
  fx_told=$fx_other
  fx_mark "n Stopping the job of ${fx_its_url:-another run}: nobody has followed it for $fx_alone s (its 'abandon-after')."
  fx_tell TERM "$(cat "$fx_other/pid")"
}
