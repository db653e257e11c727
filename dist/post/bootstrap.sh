# What ExecuteCommand runs, after the assignments that bootstrap.ts puts in front. It turns echo off, fetches the
# payload while the agent still sleeps, says that it is ready, and hands over to the job (directory.sh).
#
# Comments and indentation are not sent: the command is on record in CloudTrail and has to stay short. For the same
# reason it holds no secret. Neither may it hold two braces or two dollar signs in a row: the agent replaces those.
set +x
fx_umask=$(umask) fx_new='' fx_why='' fx_guard=''
fx_self=$(exec sh -c 'echo "$PPID"')
umask 077
exec 3<&0

fx_say() { printf '\033]7733;%s\007\n' "$1"; }
# The last words of a program, fit to stand in a mark.
fx_words() { tail -n 1 "$fx_dir/err" | tr -d '\000-\037' | tail -c 600; }

# Nobody sends anything before the word "ready": whatever is typed into a terminal with echo on is on record.
stty -echo -opost 2>/dev/null || python3 -c 'import termios as t
a = t.tcgetattr(0)
a[1] &= ~t.OPOST
a[3] &= ~t.ECHO
t.tcsetattr(0, t.TCSANOW, a)' 2>/dev/null || {
  fx_say echo
  exit 1
}

# The session has been opened, however long the payload takes.
fx_say open

# The directory is the lock: whoever makes it fetches the payload, everybody else attaches. One whose maker has not
# done so yet is made again: nobody comes here before the session of the one before is lost.
for fx_place in /tmp /var/tmp /dev/shm /run "$PWD"; do
  fx_dir=$fx_place/fargate-exec-$fx_id
  if [ -d "$fx_dir" ] && [ ! -e "$fx_dir/job" ]; then
    fx_pid=$(cat "$fx_dir/maker")
    # A process of that number need not be the same one any more.
    ! grep -q "$fx_id" "/proc/$fx_pid/cmdline" || kill -9 "$fx_pid"
    rm -rf "$fx_dir"
  fi 2>/dev/null
  mkdir "$fx_dir" 2>/dev/null && echo "$fx_self" >"$fx_dir/maker" && fx_new=1 && break
  [ ! -d "$fx_dir" ] || break
  # A place where nothing can be.
  fx_dir=/dev/null
done

# Whoever was to type the rest may be gone for good, the session with them: after ten minutes no job will come of this
# directory any more. Mostly the job starts at once, and then its end is not to wait for this look's.
fx_expect_start() {
  trap '' HUP
  fx_tries=3100 fx_nap=0.05
  while [ -d "$fx_dir" ] && [ ! -e "$fx_dir/started" ] && sleep "$fx_nap"; do
    fx_tries=$((fx_tries - 1))
    [ "$fx_tries" -gt 3000 ] || fx_nap=0.2
    if [ "$fx_tries" -eq 0 ] && mkdir "$fx_dir/started"; then
      rm -rf "$fx_dir"
      ! grep -q "$fx_id" "/proc/$fx_self/cmdline" || kill -9 "$fx_self"
    fi
  done
}
if [ "$fx_new" ]; then
  fx_expect_start >/dev/null 2>&1 3<&- &
  fx_guard=$!
fi

# The exec agent may have been started without what the container was given.
if [ -z "$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_ACCESS_KEY_ID" ]; then
  eval "$({ tr '\000' '\n' </proc/1/environ; } 2>/dev/null |
    sed -n "s/'/'\\\\''/g; s/^\([AE][WC]S_[A-Z0-9_]*\)=\(.*\)/export \1='\2'/p")"
fi

if [ "$fx_new" ]; then
  # Who wants to go on somewhere wants no new job.
  [ "$fx_at" -gt 0 ] || fx_fetch >/dev/null 2>"$fx_dir/err" || fx_why=$(fx_words)
fi
if [ -s "$fx_dir/payload" ] || [ -e "$fx_dir/job" ]; then fx_say ready; else fx_say "ready1 $fx_why"; fi
IFS= read -r fx_nonce <&3
# What is missing is typed: the code of other ways to get the payload, which says itself what to do without.
if [ ! -s "$fx_dir/payload" ] && [ ! -e "$fx_dir/job" ]; then
  fx_code=
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_code=$fx_code$fx_line; done
  eval "$(printf '%b' "$fx_code")"
fi
if [ "$fx_new" ]; then
  tail -c "+$fx_from" "$fx_dir/payload" >"$fx_dir/script"
  head -c "$((fx_from - 1))" "$fx_dir/payload" >"$fx_dir/job.tmp"
  rm "$fx_dir/payload"
  mv "$fx_dir/job.tmp" "$fx_dir/job"
fi
. "$fx_dir/job"
