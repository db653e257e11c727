# The loader: typed into a session whose bootstrap has no payload, after the assignments of loader.ts. It tries every
# other way to get the payload, one after the other. When none works it ends the session with the reasons.

fx_begin_loading

# How many ways have failed because S3 could not be reached, or did not answer. After two of them no other way is tried.
fx_unreached=0

# fx_count_unreached WORDS: counts a failure of the network, by the last words of a program. Every pattern has a blank in it,
# because the names of roles, buckets and hosts have none. A proxy that refuses counts, because S3 has not answered.
fx_count_unreached() {
  case $1 in
    # S3 has answered.
    *'An error occurred ('*) ;;
    # The endpoint of the credentials is not that of S3.
    *'retrieving metadata'* | *'retrieving credentials'*) ;;
    # The words are those of botocore (exceptions.py) and so of the AWS CLI, of curl (strerror.c), and of libc, which Python prints.
    *' connect to '* | *'imeout on endpoint'* | *onnection\ [a-z]* | *imed\ out* | *'imeout was reached'* | \
      *CONNECT\ [at]* | *'after CONNECT'* | *'too slow'* | *'mpty reply'* | *'not resolve'* | *'t resolve '* | \
      *'name resolution'* | *'or service not known'* | *'s unreachable'* | *'etwork unreachable'* | *'route to host'*)
      fx_unreached=$((fx_unreached + 1))
      ;;
  esac
}
# An alarm that ends fetch.py leaves no words but the shell's own `Alarm clock` (dash, busybox).
case $fx_why in 'Alarm clock'*) fx_why='' ;; esac
fx_count_unreached "${fx_why:-timed out}"

# The code of the refusal when nothing fetches the payload: what the user can do differs when boto3 is missing.
fx_refusal=download
case $fx_why in *oduleNotFound* | *mportError*) fx_refusal=no-boto3 ;; esac

# Sets fx_boto3 to the python3 that may run boto3. When there is none, fx_why says why. Otherwise fx_why still says why the
# bootstrap got nothing by boto3.
fx_find_boto3() {
  fx_first=$fx_file fx_boto3=''
  if ! fx_tool python3; then
    if [ "$fx_bad" ]; then
      fx_why="another user can replace $fx_bad"
    else
      fx_why='the image has no python3' fx_refusal=no-boto3
    fi
  elif fx_find_bad_modules; then
    fx_why="another user can replace $fx_modules"
  else
    fx_boto3=$fx_file
  fi
}
fx_find_boto3
# What was tried, and why it did not work.
fx_tried=${fx_new:+${fx_bucket:+"boto3: ${fx_why:-no answer within 5 s, or too slow}; "}}

# fx_try_way WAY FUNCTION FORMAT: tries one way. FUNCTION becomes its program, and FORMAT is the form in which the program takes the
# URL. The URL is a secret as long as it is valid, so it comes on standard input: the process list shows arguments. False when the
# next way is to be tried.
fx_try_way() {
  [ "$fx_unreached" -lt 2 ] || return
  fx_say "$fx_nonce;n Fetching the script by $1."
  rm -f "$fx_dir/payload"
  # shellcheck disable=SC2059 # the format is an argument
  printf "$3" "$fx_address" | fx_apart "$2" >/dev/null 2>"$fx_dir/err" 3<&- &
  if fx_wait_for_way "$!"; then
    fx_verify "$1" || return 1
    fx_say "$fx_nonce;n Script fetched by $1 (${fx_tried%; })."
  else
    fx_status=$? fx_said=$(fx_words)
    # 142: fetch.py was ended by its alarm.
    [ "$fx_status" != 142 ] || fx_late='no answer within 5 s, or too slow'
    if [ "$fx_late" ]; then
      fx_said=$fx_late fx_unreached=$((fx_unreached + 1))
    elif [ "$1:$fx_status" = wget:4 ]; then
      # A quiet wget prints no reason. Exit code 4 is a network failure (its manual).
      fx_said='no connection' fx_unreached=$((fx_unreached + 1))
    else
      fx_count_unreached "$fx_said"
    fi
    fx_tried="$fx_tried$1: $fx_said; "
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

fx_by_boto3() {
  export AWS_MAX_ATTEMPTS=1
  exec "$fx_boto3" -I -c "$fx_fetch_py" "$fx_bucket" "$fx_key" "$fx_region" "$fx_sha" "$fx_dir/payload"
}
fx_by_aws() {
  export AWS_MAX_ATTEMPTS=1
  exec "$fx_aws" s3 cp --only-show-errors --cli-connect-timeout 3 --cli-read-timeout 4 --region "$fx_region" \
    "s3://$fx_bucket/$fx_key" "$fx_dir/payload"
}
fx_by_curl() { exec "$fx_file" -q -sSf --connect-timeout 4 -y 4 -Y 1 -K - -o "$fx_dir/payload"; }
fx_by_wget() { exec "$fx_file" -q -T 4 -t 1 -i - -O "$fx_dir/payload"; }
fx_by_python() { exec "$fx_file" -I -S -c "$fx_download_py" "$fx_dir/payload"; }

# Reads the payload from the session: lines of printf escapes, which need no program of the image, and a dot.
fx_type() {
  fx_say "$fx_nonce;p"
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do printf '%b' "$fx_line"; done >"$fx_dir/payload"
}

# Tries each way by the network: boto3 first, with what it may have lacked before. Nothing that comes by the network is run
# unchecked.
fx_fetch_by_network() {
  fx_digest /dev/null >/dev/null || {
    fx_tried="${fx_tried}nothing in the image computes SHA-256 (sha256sum, busybox, openssl, python3), so nothing fetches it; "
    return 1
  }
  fx_of=''
  if fx_take_credentials; then
    fx_of='the credentials of PID 1'
  elif [ "$AWS_CONFIG_FILE$AWS_SHARED_CREDENTIALS_FILE$AWS_WEB_IDENTITY_TOKEN_FILE$AWS_CA_BUNDLE$SSL_CERT_FILE" ]; then
    fx_of='the settings of the image'
  elif [ "$fx_boto3" != "$fx_first" ]; then
    fx_of=$fx_boto3
  fi
  [ "$fx_refusal" = download ] || fx_of=''
  if [ "$fx_boto3" ] && [ "$fx_of" ]; then fx_try_way "boto3 with $fx_of" fx_by_boto3 '' && return; fi
  if fx_find_aws; then fx_try_way 'aws s3 cp' fx_by_aws '' && return; fi
  if fx_tool curl; then fx_try_way curl fx_by_curl 'url = "%s"\n' && return; fi
  if fx_tool python3; then fx_try_way python3 fx_by_python %s && return; fi
  # The wget of busybox takes a URL from its arguments only.
  if [ "$fx_unreached" -lt 2 ] && fx_tool wget && fx_apart "$fx_file" --version 2>/dev/null | grep -q 'GNU Wget'; then
    fx_try_way wget fx_by_wget '%s\n' && return
  fi
  [ "$fx_unreached" -lt 2 ] || fx_tried="${fx_tried}S3 can't be reached from here; "
  false
}

fx_load() {
  fx_check_directory
  if [ "$fx_bucket" ]; then
    fx_said_before=$fx_tried
    fx_fetch_by_network && return
    # A payload that is too large to be typed gets a second try, because a connection may have been reset.
    if [ -z "$fx_typed$fx_late" ] && [ "$fx_unreached" -lt 2 ]; then
      fx_tried=$fx_said_before
      fx_fetch_by_network && return
    fi
    [ "$fx_typed" ] || fx_refuse "$fx_refusal" "${fx_tried:-nothing to fetch it with; }and it is too large to be typed"
    fx_say "$fx_nonce;n Script typed into the session: ${fx_tried:-the image has neither python3 with boto3 nor aws, curl or wget.}"
  else
    [ "$fx_typed" ] || fx_refuse download 'the image has not both gzip and base64, and so no more than 1 MiB can be typed'
    fx_say "$fx_nonce;n Script typed into the session: there is no bucket."
  fi
  fx_type
  fx_verify typed || fx_refuse download "$fx_tried"
}
fx_load
fx_say "$fx_nonce;s"
