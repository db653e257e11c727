# What ExecuteCommand runs, after the assignments that bootstrap.ts puts in front. It turns echo off and says so,
# fetches the payload while the agent still sleeps, and hands over to job.sh.
#
# Comments and indentation are not sent: the command is on record in CloudTrail and has to stay short. For the same
# reason it holds no secret. Neither may it hold two braces or two dollar signs in a row: the agent replaces those.
set +x
fx_umask=$(umask) fx_nonce='' fx_new='' fx_self=$(exec sh -c 'echo "$PPID"')
umask 077
exec 3<&0

fx_say() { printf '\033]7733;%s\007\n' "$1"; }

# The reason why no job was started, in the one mark that carries it. Without the nonce nobody would believe it.
fx_refuse() {
  [ "$fx_nonce" ] || IFS= read -r fx_nonce <&3
  fx_say "$fx_nonce;! $1 $(printf %s "$2" | tr -d '\000-\037' | tail -c 600)"
  [ -z "$fx_new" ] || rm -rf "$fx_dir"
  exit 1
}

# Nobody sends anything before the word "ready": whatever is typed into a terminal with echo on is on record.
stty -echo -opost 2>/dev/null || python3 -c 'import termios as t
a = t.tcgetattr(0)
a[1] &= ~t.OPOST
a[3] &= ~t.ECHO
t.tcsetattr(0, t.TCSANOW, a)' 2>/dev/null || {
  fx_say echo
  exit 1
}

# The directory is the lock: whoever makes it fetches the payload, everybody else attaches. One whose maker was
# killed before it had done so is made again.
for fx_place in /tmp /var/tmp /dev/shm /run "$PWD"; do
  fx_dir=$fx_place/fargate-exec-$fx_id
  [ ! -d "$fx_dir" ] || [ -e "$fx_dir/job" ] || kill -0 "$(cat "$fx_dir/maker")" 2>/dev/null || rm -rf "$fx_dir"
  mkdir "$fx_dir" 2>/dev/null && fx_new=1 && break
  [ ! -d "$fx_dir" ] || break
  fx_dir=
done
[ -z "$fx_new" ] || echo "$fx_self" >"$fx_dir/maker"
fx_say "ready$fx_new"
[ "$fx_dir" ] || fx_refuse place 'no writable directory among /tmp, /var/tmp, /dev/shm, /run'
[ -z "$fx_new" ] || [ "$fx_at" -eq 0 ] || fx_refuse gone 'the job directory is not there any more'

# The exec agent may have been started without what the container was given.
if [ -z "$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_ACCESS_KEY_ID" ]; then
  eval "$({ tr '\000' '\n' </proc/1/environ; } 2>/dev/null |
    sed -n "s/'/'\\\\''/g; s/^\([AE][WC]S_[A-Z0-9_]*\)=\(.*\)/export \1='\2'/p")"
fi

if [ "$fx_new" ]; then
  fx_fetch 2>"$fx_dir/err" || fx_refuse download "$(tail -n 1 "$fx_dir/err")"
  tail -c "+$fx_from" "$fx_dir/payload" >"$fx_dir/script"
  head -c "$((fx_from - 1))" "$fx_dir/payload" >"$fx_dir/job.tmp"
  rm "$fx_dir/payload"
  mv "$fx_dir/job.tmp" "$fx_dir/job"
else
  fx_tries=60
  until [ -e "$fx_dir/job" ]; do
    fx_tries=$((fx_tries - 1))
    [ "$fx_tries" -gt 0 ] || fx_refuse gone 'the job directory was never filled'
    sleep 1
  done
fi
. "$fx_dir/job"
