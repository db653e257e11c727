# The loader: typed into a session whose bootstrap has no payload, after the assignments of loader.ts. It fetches the payload from a
# presigned URL, by python3 or else by curl, or takes it from the session. When nothing works it ends the session with the reasons.

fx_begin_loading

# An alarm that ends fetch.py leaves no words but the shell's own `Alarm clock` (dash, busybox).
case $fx_why in 'Alarm clock'*) fx_why='' ;; esac
# The code of the refusal when nothing fetches the payload: what the user can do differs when boto3 is missing.
fx_refusal=download
case $fx_why in *oduleNotFound* | *mportError*) fx_refusal=no-boto3 ;; esac

# Sets fx_why to the reason why the bootstrap has run no python3 for boto3.
fx_explain() {
  if ! fx_tool python3; then
    if [ "$fx_bad" ]; then
      fx_why="another user can replace $fx_bad"
    else
      fx_why='the image has no python3' fx_refusal=no-boto3
    fi
  else
    fx_why='another user can replace its python3'
    for fx_each in /usr/local/lib* /usr/local/lib*/p*/*-packages "${fx_file%/*/*}"/lib*/p*/*-packages; do
      [ ! -e "$fx_each" ] || fx_safe "$fx_each" || fx_why="another user can replace $fx_each"
    done
  fi
}
[ "$fx_file" ] || [ -z "$fx_staged" ] || fx_explain
# What was tried, and why it did not work.
fx_tried=${fx_new:+${fx_staged:+"boto3: ${fx_why:-no answer within 5 s, or too slow}; "}}

# fx_try_way PROGRAM FUNCTION FORMAT: has FUNCTION become that program. FORMAT is the form in which the program takes the URL. The URL is
# a secret as long as it is valid, so it comes on standard input: the process list shows arguments. False when the program brings no
# payload.
fx_try_way() {
  fx_say "$fx_nonce;n Fetching the script by $1."
  rm -f "$fx_dir/payload"
  # shellcheck disable=SC2059 # the format is an argument
  printf "$3" "$fx_address" | fx_apart "$2" >/dev/null 2>"$fx_dir/err" 3<&- &
  if fx_wait_for_way "$!"; then
    fx_verify "$1" || return 1
    fx_say "$fx_nonce;n Script fetched by $1 (${fx_tried%; })."
  else
    fx_said=$(fx_words)
    fx_tried="$fx_tried$1: ${fx_late:-$fx_said}; "
    return 1
  fi
}

# fx_wait_for_way PID: waits for the end of a process. The process is killed once it has been idle for five seconds in all: it has not
# computed, written or taken memory. A program's own timeouts don't cover every wait: a byte may come every second.
fx_wait_for_way() {
  fx_idle=0 fx_late='' fx_before='' fx_interval=0.05
  fx_name "$1"
  fx_fetcher=$fx_token
  while fx_is "$fx_fetcher" && [ "$fx_state" != Z ]; do
    # shellcheck disable=SC2086 # it is to be split into words
    set -- ${fx_s##*\) }
    fx_usage=$((${12} + ${13} + ${14} + ${15})):${22}$(ls -ln "$fx_dir")
    # fx_usage has the ticks of the process and of its children (proc(5): utime, stime, cutime, cstime). A waiting process uses a few, too.
    # The memory of the process (rss) grows while it keeps what it reads. A process in state `R` is not idle: it waits for a processor.
    if [ "$fx_state" != R ] && [ "${fx_usage#*:}" = "${fx_before#*:}" ] && [ $((${fx_usage%%:*} - ${fx_before%%:*})) -lt 5 ]; then
      fx_idle=$((fx_idle + 1))
    fi
    fx_before=$fx_usage
    [ "$fx_idle" -lt 25 ] || {
      fx_late='no answer within 5 s'
      kill -9 "${fx_fetcher%:*}"
    }
    sleep "$fx_interval"
    [ "$fx_idle" -eq 0 ] || fx_interval=0.2
  done
  wait "${fx_fetcher%:*}"
} 2>/dev/null

fx_by_curl() { exec "$fx_file" -q -sSf --connect-timeout 4 -y 4 -Y 1 -K - -o "$fx_dir/payload"; }
fx_by_python() { exec "$fx_file" -I -S -c "$fx_download_py" "$fx_dir/payload"; }

# Reads the payload from the session: lines of printf escapes, which need no program of the image, and a dot.
fx_type() {
  fx_say "$fx_nonce;p"
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do printf '%b' "$fx_line"; done >"$fx_dir/payload"
}

# Tries each way by the network. Nothing that comes by the network is run unchecked. A way that has waited for three seconds has not
# reached S3, and then no other one is tried.
fx_fetch_by_network() {
  fx_idle=0
  fx_digest /dev/null >/dev/null || {
    fx_tried="${fx_tried}nothing in the image computes SHA-256 (sha256sum, busybox, openssl, python3), so nothing fetches it; "
    return 1
  }
  if fx_tool python3; then fx_try_way python3 fx_by_python %s && return; fi
  if [ "$fx_idle" -lt 15 ]; then
    if fx_tool curl; then
      fx_try_way curl fx_by_curl 'url = "%s"\n' && return
    else
      fx_tried="${fx_tried}curl: the image has none; "
    fi
  fi
  [ "$fx_idle" -lt 15 ] || fx_tried="${fx_tried}S3 can't be reached from here; "
  false
}

fx_load() {
  fx_check_directory
  if [ "$fx_staged" ]; then
    fx_said_before=$fx_tried
    fx_fetch_by_network && return
    # A payload that is too large to be typed gets a second try, because a connection may have been reset.
    if [ -z "$fx_typed" ] && [ "$fx_idle" -lt 15 ]; then
      fx_tried=$fx_said_before
      fx_fetch_by_network && return
    fi
    [ "$fx_typed" ] || fx_refuse "$fx_refusal" "${fx_tried}and it is too large to be typed"
    fx_say "$fx_nonce;n Script typed into the session: $fx_tried"
  else
    [ "$fx_typed" ] || fx_refuse download 'the image has not both gzip and base64, and so no more than 1 MiB can be typed'
    fx_say "$fx_nonce;n Script typed into the session: there is no bucket."
  fi
  fx_type
  fx_verify typed || fx_refuse download "$fx_tried"
}
fx_load
fx_say "$fx_nonce;s"
