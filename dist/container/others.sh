# --- The jobs of other runs in this container. A job whose runner is lost still runs, and this job must not run
# beside it.

# Writes what other runs read of this job: the workflow run, and when the job began.
fx_write_about() { printf '%s\n' "$fx_url" "$(date -u +%H:%M:%S)" >"$fx_dir/about"; }

# Whether a job goes on in fx_dir. One that was killed may stay as a zombie, when PID 1 reaps no child.
fx_goes_on() { [ -e "$fx_dir/about" ] && fx_ours && [ ! -e "$fx_dir/status" ] && fx_lives "$(cat "$fx_dir/pid")"; }

# fx_is_followed DIRECTORY: whether a reader follows the job there, by a session or by S3.
fx_is_followed() { fx_is_read "$1" || fx_is_leased "$1"; }

# fx_is_read DIRECTORY: whether the attacher of the job there lives, and has heard of the reader in the last 40 s. A reader
# types a line every 20 s (input.ts).
fx_is_read() {
  fx_is "$(cat "$1/attacher")" || return
  fx_read_at=$(cat "$1/reader")
  case $fx_read_at in
    # It is being written. A shell ends at arithmetic without a number.
    '') ;;
    *[!0-9]*) false ;;
    *) [ "$(($(date +%s) - fx_read_at))" -lt 40 ] ;;
  esac
}

# fx_is_leased DIRECTORY: whether a reader follows the job there by S3. Then the uploader lives, and has found a new `control` less
# than 75 s before its last look. A reader writes every 20 s, and the uploader looks every 30 s. A look that can't reach S3 does not
# count: while nothing is known of the reader, the job keeps it.
fx_is_leased() {
  fx_is "$(cat "$1/uploader")" && read -r fx_new_at fx_looked_at <"$1/lease" && [ "$((fx_looked_at - fx_new_at))" -lt 75 ]
} 2>/dev/null

# fx_is_renewed DIRECTORY: whether the uploader there has found a new `control` in the last 40 s. It looks every 30 s, so this is
# true as long as a reader follows the job by S3.
fx_is_renewed() { fx_is_leased "$1" && [ "$(($(date +%s) - fx_new_at))" -lt 40 ]; }

# fx_is_heard DIRECTORY: whether the reader of the job there gives signs. A reader that follows by S3 types nothing: its last sign
# in S3 counts, because the next one could take half a minute. Any other reader has to have typed a line since this run first
# looked: a reader that was lost seconds ago has left the same files as one that is there. At that first look this run asks for a
# sign, and fx_looks notes when each reader had last typed.
fx_is_heard() {
  ! fx_is_renewed "$1" || return 0
  fx_heard=$1=$(cat "$1/reader")
  case $fx_looks in
    *" $fx_heard "*) [ ! -e "$1/asked" ] && [ ! -e "$1/asking" ] ;;
    *" $1="*) ;;
    *)
      fx_looks="$fx_looks$fx_heard "
      fx_want_sign "$1"
      false
      ;;
  esac
}

# fx_want_sign DIRECTORY: makes the attacher there ask its reader for a line, which removes both files (reader.sh).
# shellcheck disable=SC2329 # fx_find calls its caller by name
fx_want_sign() {
  # A shell ends when a redirection of `:` fails, and the directory may be gone.
  echo >"$1/asked"
  [ ! -p "$1/news" ] || echo 1<>"$1/news"
}

# Sets fx_dir to the directory of a job of another run, beside fx_dir, that still runs and is not known to have a reader. For fx_find.
# Ends the sessions of the jobs that have ended, or that were detached, and whose readers are lost.
fx_find_unheard() {
  for fx_dir in "${fx_dir%/*}"/fargate-exec-*; do
    [ "$fx_dir" != "$fx_own" ] || continue
    # A job that was detached needs no reader: its `timeout` ends it.
    if [ ! -e "$fx_dir/detached" ] && fx_goes_on; then
      fx_is_followed "$fx_dir" && fx_is_heard "$fx_dir" || return 0
    else
      fx_end_lost
    fi
  done
  false
}

# Ends the session of the job in fx_dir when its reader is lost. Without a client the gateway pauses the agent. The attacher then waits
# in a write to the terminal, also long after the end of the job.
fx_end_lost() {
  [ -e "$fx_dir/about" ] && fx_ours && ! fx_is_followed "$fx_dir" && fx_is "$(cat "$fx_dir/attacher")" || return
  # shellcheck disable=SC2086 # it is to be split into words
  set -- ${fx_s##*\) }
  fx_end_session "$fx_token"
  # The agent tries to send its output for two seconds more. Until then the session keeps its place, and the run after this one would wait.
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

# Waits for a sign of the reader of each such job: a reader types a line when its attacher asks for one, and every 20 s. A reader
# that has typed none for 40 s is lost. Then waits for the end of the job, fx_wait seconds at most. False when this run is not to start, because
# it was cancelled or has waited in vain.
fx_await_others() {
  fx_waited=0 fx_met='' fx_looks=' ' fx_unheard='' fx_naps=20
  while fx_find_other; do
    { read -r fx_its_url && read -r fx_its_begin; } <"$fx_other/about"
    if [ "$fx_met" != "$fx_other" ] && fx_is_followed "$fx_other"; then
      [ "$fx_unheard" = "$fx_other" ] || fx_mark "n A job of ${fx_its_url:-another run} runs in this container, begun at $fx_its_begin UTC. Waiting for a sign of its runner, 40 s at most; with one, this job starts beside it."
      fx_unheard=$fx_other
      # As a rule the sign comes at once.
      fx_naps=$((fx_naps - 1))
      if [ "$fx_naps" -gt 0 ]; then
        fx_pause 0.1 || return
      else
        fx_want_sign "$fx_other"
        fx_pause 1 || return
      fi
      continue
    fi
    if [ "$fx_met" != "$fx_other" ]; then
      fx_met=$fx_other
      # A session without a client takes a place in the container.
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
  : >"$fx_dir/waits"
  sleep "$1"
  [ ! -e "$fx_dir/cancelled" ]
}
