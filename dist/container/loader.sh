# Typed into a session whose bootstrap could not fetch the payload by boto3, after the assignments that loader.ts
# puts in front. Every other way to get it, in turn; ends the session with the reasons where none goes.

fx_tried=${fx_new:+${fx_bucket:+"boto3: ${fx_why:-no answer within 5 s}; "}}
# How many ways have failed because nothing was reached, or nothing answered.
fx_unreached=0
fx_count_unreached() {
  # The endpoint of the credentials is another one than S3's.
  case $1 in
    *etadata* | *redential*) ;;
    *onnect* | *CONNECT* | *imeout* | *imed\ out* | *resol* | *unreachable* | *route* | *too\ slow* | *mpty\ reply* | *answer*)
      fx_unreached=$((fx_unreached + 1))
      ;;
  esac
}
fx_count_unreached "$fx_why"

# The reason why no job was started, in the one mark that carries it.
fx_refuse() {
  fx_say "$fx_nonce;! $1 $2"
  if [ "$fx_new" ]; then
    rm -rf "$fx_dir"
    wait "$fx_guard"
  fi
  exit 1
}

fx_digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null; then
    openssl dgst -sha256 "$1" | sed 's/.* //'
  else
    python3 -I -S -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"
  fi 2>/dev/null
}

# Whether the payload that came this way is what it should be.
fx_verify() {
  fx_found=$(fx_digest "$fx_dir/payload")
  if [ -z "$fx_found" ]; then
    fx_say "$fx_nonce;n Nothing in the image computes SHA-256 (sha256sum, openssl, python3): the script is not checked."
    return 0
  fi
  [ "$fx_found" = "$fx_sha" ] || fx_tried="$fx_tried$1: checksum mismatch; "
  [ "$fx_found" = "$fx_sha" ]
}

# One way: its name, a function that becomes it, and how it takes the URL. That is a secret for as long as it lives, so
# it goes by standard input and not into a process list. False where the next way is to be tried.
fx_try() {
  [ "$fx_unreached" -lt 2 ] || return
  fx_say "$fx_nonce;n Fetching the script by $1."
  rm -f "$fx_dir/payload"
  # shellcheck disable=SC2059 # the format is the way's
  printf "$3" "$fx_address" | "$2" >/dev/null 2>"$fx_dir/err" 3<&- &
  if fx_wait_for_way "$!"; then
    fx_verify "$1" || return 1
    fx_say "$fx_nonce;n Script fetched by $1 (${fx_tried%; })."
  else
    fx_status=$? fx_said=$(fx_words)
    # wget says nothing when it is quiet.
    [ "$1:$fx_status" != wget:4 ] || fx_said='no connection'
    [ -z "$fx_late" ] || fx_said='no answer within 5 s'
    fx_count_unreached "$fx_said"
    fx_tried="$fx_tried$1: $fx_said; "
    return 1
  fi
}

# Waits for a way for as long as it gets on: five seconds in which it neither computes nor writes are its end, whatever
# it is that keeps it.
fx_wait_for_way() {
  fx_idle=0 fx_late='' fx_before='' fx_nap=0.05
  fx_name "$1"
  fx_way=$fx_token
  while fx_is "$fx_way" && [ "$fx_state" != Z ]; do
    # shellcheck disable=SC2086 # it is to be split into words
    set -- ${fx_stat##*\) }
    fx_now=$((${12} + ${13} + ${14} + ${15})):$(ls -ln "$fx_dir")
    # Its own ticks and its children's; a few are what it costs to wait.
    if [ "${fx_now#*:}" = "${fx_before#*:}" ] && [ $((${fx_now%%:*} - ${fx_before%%:*})) -lt 5 ]; then
      fx_idle=$((fx_idle + 1))
    fi
    fx_before=$fx_now
    [ "$fx_idle" -lt 25 ] || {
      fx_late=1
      kill -9 "${fx_way%:*}"
    }
    sleep "$fx_nap"
    [ "$fx_idle" -eq 0 ] || fx_nap=0.2
  done
  wait "${fx_way%:*}"
} 2>/dev/null

fx_by_aws() {
  export AWS_MAX_ATTEMPTS=1
  exec aws s3 cp --only-show-errors --cli-connect-timeout 3 --cli-read-timeout 4 --region "$fx_region" \
    "s3://$fx_bucket/$fx_key" "$fx_dir/payload"
}
fx_by_curl() { exec curl -sSf --connect-timeout 4 -y 5 -Y 1 -K - -o "$fx_dir/payload"; }
fx_by_wget() { exec wget -q -T 4 -t 1 -i - -O "$fx_dir/payload"; }
fx_by_python() {
  exec python3 -I -S -c '
import sys, urllib.request
open(sys.argv[1], "wb").write(urllib.request.urlopen(sys.stdin.read(), timeout=4).read())' "$fx_dir/payload"
}

# By the session itself: lines of printf escapes, which no tool is needed for.
fx_type() {
  fx_say "$fx_nonce;p"
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do printf '%b' "$fx_line"; done >"$fx_dir/payload"
}

fx_load() {
  [ -d "$fx_dir" ] || fx_refuse place "there is no place for a directory of ours${fx_odd:+: another user has made $fx_odd}"
  [ "$fx_at" -eq 0 ] || fx_refuse gone 'the job directory is not there any more'
  [ "$fx_new" ] || fx_refuse gone 'the job directory was never filled'
  if [ "$fx_bucket" ]; then
    if command -v aws >/dev/null; then fx_try 'aws s3 cp' fx_by_aws '' && return; fi
    if command -v curl >/dev/null; then fx_try curl fx_by_curl 'url = "%s"\n' && return; fi
    if command -v python3 >/dev/null; then fx_try python3 fx_by_python %s && return; fi
    # Not busybox's, which takes an URL from its arguments only.
    if [ "$fx_unreached" -lt 2 ] && wget --version 2>/dev/null | grep -q 'GNU Wget'; then fx_try wget fx_by_wget '%s\n' && return; fi
    [ "$fx_unreached" -lt 2 ] || fx_tried="${fx_tried}S3 can't be reached from here; "
    [ "$fx_typed" ] || fx_refuse download "${fx_tried:-nothing to fetch it with; }and it is too large to be typed"
    fx_say "$fx_nonce;n Script typed into the session: ${fx_tried:-the image has neither python3 with boto3 nor aws, curl or wget.}"
  else
    fx_say "$fx_nonce;n Script typed into the session: there is no bucket."
  fi
  fx_type
  fx_verify typed || fx_refuse download "$fx_tried"
}
fx_load
fx_say "$fx_nonce;s"
