# What ExecuteCommand runs, after the assignments that bootstrap.ts puts in front. It turns echo off, fetches the
# payload while the agent still sleeps, says that it is ready, and hands over to the job (directory.sh).
#
# Comments and indentation are not sent: the command is on record in CloudTrail and has to stay short. For the same
# reason it holds no secret. Neither may it hold two braces or two dollar signs in a row: the agent replaces those.
fx_umask=$(umask)
fx_new=
fx_why=
fx_odd=
fx_code=
umask 077
exec 3<&0
fx_name "$(exec sh -c "echo \$PPID")"
fx_self=$fx_token

fx_say() { printf "\033]7733;%s\007\n" "$1"; }
# The last words of a program, fit to stand in a mark.
fx_words() { tail -n 1 "$fx_dir/err" | tr -d "\0-\37" | tail -c 600; }

# Nobody sends anything before the word "ready": whatever is typed into a terminal with echo on is on record.
stty -echo -opost || python3 -I -S -c "import termios as t
a=t.tcgetattr(0)
a[1]&=~t.OPOST
a[3]&=~t.ECHO
t.tcsetattr(0,t.TCSANOW,a)" || {
  fx_say echo
  exit 1
}

# The session has been opened, however long the payload takes.
fx_say open

# The directory is the lock: whoever makes it fetches the payload, everybody else attaches. One whose maker has not
# done so yet is made again: nobody comes here before the session of the one before is lost. All places are looked at
# before one is made, so that nothing that another user puts there or takes away leads to a second job.
fx_make() {
  fx_safe && mkdir "$fx_dir" && fx_new=new
  ! fx_ours || return 0
  # Made, but an access list of that place gives it to others, too; or planted.
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

# Whoever was to type the rest may be gone for good, the session with them: after ten minutes no job will come of this
# directory any more. One that waits says so (others.sh).
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

# The exec agent may have been started without what the container was given. Nothing else is taken from there, and that
# only where PID 1 is no other user's, and of values that mean nothing to a shell.
if [ -z "$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_ACCESS_KEY_ID" ] && [ -O /proc/1/environ ]; then
  eval "$(tr "\0" "\n" </proc/1/environ |
    sed -nE "s,^AWS_(CONTAINER_|ACCESS_KEY|SECRET_|SESSION_)[A-Z_]*=[[:alnum:]/+=:._%-]*$,export &,p")"
fi

# Whether somebody has brought the payload.
fx_filled() { [ -s "$fx_dir/payload" ] || [ -e "$fx_dir/job" ]; }
# An attacher that resumes at an offset must never start a second job.
[ -z "$fx_new" ] || [ "$fx_at" -gt 0 ] || fx_fetch || fx_why=$(fx_words)
if fx_filled; then fx_say ready; else fx_say "ready1 $fx_why"; fi
IFS= read -r fx_nonce <&3
# What is missing is typed: the code of other ways to get the payload, which says itself what to do without.
if ! fx_filled; then
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_code=$fx_code$fx_line; done
  eval "$(printf %b "$fx_code")"
fi
[ -z "$fx_new" ] || head -c "$((fx_from - 1))" "$fx_dir/payload" >"$fx_dir/new"
. "$fx_dir/${fx_new:-job}"
