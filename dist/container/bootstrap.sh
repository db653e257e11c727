# The bootstrap: what ExecuteCommand runs, after the assignments of bootstrap.ts. It turns echo off, fetches the payload
# while the exec agent still sleeps, says that it is ready, and becomes the attacher (main.sh).
#
# CloudTrail records the command, so it is short and holds no secret. Comments and indentation are not sent. It may hold
# neither two braces nor two dollar signs in a row: the agent replaces those.
unset fx_new fx_why fx_missing fx_odd fx_code
fx_umask=$(umask)
umask 077
exec 3<&0
fx_name self
fx_self=$fx_token

# fx_say TEXT: writes a mark without the nonce, which is not known yet.
fx_say() { printf "\033]7733;%s\007\n" "$1"; }
# Prints the last words of a program, fit to stand in a mark.
fx_words() { tail -n 1 "$fx_dir/err" | tr -d "\0-\37" | tail -c 600; }

# The runner types nothing before the mark "ready": a terminal with echo on would show it, and the log of the session
# would record it.
stty -echo -opost || python3 -I -S -c "$fx_echo_off_py" || {
  fx_say echo
  exit 1
}

# The runner need not wait for the payload to know that the session is open.
fx_say open

# The directory is the lock: the bootstrap that makes it fetches the payload, every other one attaches. A directory without
# a job is made again: the session of its maker is lost, since a runner opens a session only when the one before is lost.
# All places are looked at before one is made, so that nothing that another user puts there or removes can lead to a
# second job.
fx_make() {
  fx_safe && mkdir "$fx_dir" && fx_new=new
  ! fx_ours || return 0
  # An access list of that place lets others write to what we have made, or another user has made it.
  fx_new=
  rmdir "$fx_dir"
  [ ! -e "$fx_dir" ] || fx_odd=$fx_dir
  false
}
if fx_find fx_ours && [ ! -e "$fx_dir/job" ]; then
  ! fx_is "$(cat "$fx_dir/maker")" || kill -9 "$fx_pid"
  rm -rf "$fx_dir"
fi
[ -e "$fx_dir/job" ] || fx_find fx_make

# The runner that was to type the rest may be lost: after ten minutes without a job the directory is removed. A run that
# waits for others (others.sh) makes `waits` every second.
fx_expect() {
  trap "" HUP
  fx_n=6000
  while [ -d "$fx_dir" ] && [ ! -e "$fx_dir/started" ] && sleep 0.1; do
    fx_n=$((fx_n - 1))
    rm "$fx_dir/waits" && fx_n=6000
    if [ "$fx_n" -eq 0 ] && mkdir "$fx_dir/started"; then
      rm -rf "$fx_dir"
      ! fx_is "$fx_self" || kill -9 "$fx_pid"
    fi
  done
}
if [ "$fx_new" ]; then
  echo "$fx_self" >"$fx_dir/maker"
  fx_expect >/dev/null 3<&- &
  fx_guard=$!
fi

# The exec agent may lack the credential variables of the container. They, and nothing else, are taken from PID 1, where
# that is ours, and only values that mean nothing to a shell.
if [ -z "$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_ACCESS_KEY_ID" ] && [ -O /proc/1/environ ]; then
  eval "$(tr "\0" "\n" </proc/1/environ |
    sed -nE "s,^AWS_(CONTAINER_|ACCESS_KEY|SECRET_|SESSION_)[A-Z_]*=[[:alnum:]/+=:._%-]*$,export &,p")"
fi

# An attacher that resumes at an offset must never start a second job.
[ -z "$fx_new" ] || [ "$fx_at" -gt 0 ] || fx_fetch || fx_why=$(fx_words)
[ -s "$fx_dir/payload" ] || [ -e "$fx_dir/job" ] || fx_missing="1 $fx_why"
fx_say "ready$fx_missing"
IFS= read -r fx_nonce <&3
# Without the payload the runner types the loader (loader.sh): lines of printf escapes, and a dot.
if [ "$fx_missing" ]; then
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_code=$fx_code$fx_line; done
  eval "$(printf %b "$fx_code")"
fi
[ -z "$fx_new" ] || head -c "$fx_head" "$fx_dir/payload" >"$fx_dir/new"
. "$fx_dir/${fx_new:-job}"
