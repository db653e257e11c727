# The bootstrap: what ExecuteCommand runs, after the assignments of bootstrap.ts. It turns echo off, fetches the payload
# while the exec agent still sleeps, says that it is ready, and becomes the attacher (main.sh).
#
# CloudTrail records the command, so it is short and holds no secret. Comments and indentation are not sent. It may hold
# neither two braces nor two dollar signs in a row: the agent replaces those.
unset fx_new fx_why fx_lack fx_odd fx_code
fx_umask=$(umask)
umask 077
exec 3<&0
fx_name self
fx_self=$fx_token

# fx_say TEXT: writes a mark without the nonce, which is not known yet.
fx_say() { printf "\33]7733;%s\7\n" "$1"; }

# Sets fx_file to python3, for use until the payload is there. fx_file is empty when another user can replace python3 or a
# directory in which python3 looks for boto3. The python3 of Debian also looks in /usr/local.
fx_file=$(command -v python3)
# shellcheck disable=SC2046 # it is to be split into paths
fx_safe $(ls -d /usr/local/lib* /usr/local/lib*/p*/*-packages) "$fx_file" && fx_safe "${fx_on%/*/*}"/lib*/p*/*-packages || fx_file=""
# The runner types nothing before the mark "ready": a terminal with echo on would show what is typed, and the log of the
# session would record it.
stty -echo -opost || "$fx_file" -ISc "$fx_mute" || {
  fx_say "echo$fx_bad"
  exit
}

# Tells the runner that the session is open, before the payload is fetched.
fx_say open

# The directory is the lock: the bootstrap that makes it fetches the payload, and every other bootstrap attaches. A runner opens a
# session only when the last one is lost. So a directory without a job was made by a lost session, and is made again. All parent
# directories are searched before a directory is made, so that nothing that another user puts there or removes can lead to a second
# job.
fx_make() {
  fx_safe "$fx_in" && mkdir "$fx_dir" && fx_new=new
  fx_ours && return
  # An access list of the parent lets others write to the new directory, or another user has made it.
  fx_new=
  rmdir "$fx_dir"
  [ -e "$fx_dir" ] && fx_odd=$fx_dir
  false
}
# shellcheck disable=SC2086 # it is a number
fx_find fx_ours && [ ! -e "$fx_dir/job" ] && {
  fx_is "$(cat "$fx_dir/maker")" && kill -9 $fx_pid
  rm -rf "$fx_dir"
}
[ -e "$fx_dir/job" ] || fx_find fx_make

# The runner that is to type may be lost, and nothing outside the container tells whose session this is. So the watch ends the session
# when no line has come fx_due seconds after its begin, and removes a directory without a job. fx_end_session (signals.sh) says why it tells
# the agent's worker. TERM ends the watch: the first line has come. HUP does not: the watch outlives its terminal, and may not have begun
# when that is lost, so HUP is ignored before. PID 1 may reap no child, so the watch waits for its `sleep`.
# shellcheck disable=SC2086 # none of them has a blank
[ "$fx_new" ] && echo $fx_self >"$fx_dir/maker"
trap "" 1
# shellcheck disable=SC2086 # nor has one of these
{
  cd "$fx_dir" || cd /proc || exit
  trap "kill \$!;wait;exit" 15
  sleep $fx_due &
  wait
  fx_is $fx_self && {
    grep ^ssm-s /proc/$PPID/comm && kill $PPID
    kill -9 $fx_pid
  }
  [ ! -e job ] && mkdir started && rm -rf "$PWD"
} >/dev/null 3<&- &
fx_watch=$!
trap - 1

# Reads the opening. Its caller waits for the end of the watch.
fx_open() {
  read -r fx_nonce fx_part fx_pack <&3
  kill $fx_watch
}

# An attacher that resumes at an offset must never start a second job.
# shellcheck disable=SC2086 # it is a number
[ -z "$fx_new" ] || [ $fx_at != 0 ] || fx_fetch || fx_why=$(fx_words)
[ -s "$fx_dir/payload" ] || [ -e "$fx_dir/job" ] || fx_lack="1 $fx_why"
fx_say "ready$fx_lack"
# Without the payload the runner types the loader (loader.sh): lines of printf escapes, and a dot.
[ "$fx_lack" ] && {
  fx_open
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_code=$fx_code$fx_line; done
  eval "$(printf %b "$fx_code")"
}
# shellcheck disable=SC2086 # it is a number
[ "$fx_new" ] && head -c $fx_head "$fx_dir/payload" >"$fx_dir/new"
. "$fx_dir/${fx_new:-job}"
