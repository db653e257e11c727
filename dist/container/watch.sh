# --- Those who watch: any number, one after the other, each from the byte it is told.

# Everything that may be secret comes by this way: lines of printf escapes, a dot after the last.
fx_read_secrets() {
  fx_secrets=
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_secrets=$fx_secrets$fx_line; done
  fx_secrets=$(printf '%b' "$fx_secrets.")
  fx_secrets=${fx_secrets%.}
}

# What the reader says while it reads.
fx_listen() {
  while IFS= read -r fx_line; do
    : >"$fx_dir/heard"
    date +%s >"$fx_dir/reader"
    case $fx_line in
      taken) : >"$fx_dir/taken" ;;
      'here '*) fx_confirm "${fx_line#here }" ;;
      cancel)
        : >"$fx_dir/cancelled"
        fx_tell TERM "$(cat "$fx_dir/pid")"
        ;;
      # What StopTask begins with, for a task of ours whose runner may make no call any more.
      end) kill -s TERM 1 ;;
    esac
  done
}

# Shows the spool from byte fx_at on, and at last what became of the job.
fx_attach() {
  fx_mark "@$fx_at"
  printf '\n'
  fx_quiet=0 fx_unmarked=0 fx_found_packer='' fx_last='' fx_begin='' fx_bytes=0 fx_held=''
  until [ "$fx_last" ]; do
    # In this order: whatever was written before the status is in the size that is read after it.
    fx_ended=
    [ ! -e "$fx_dir/status" ] || fx_ended=1
    fx_tell_held
    if ! fx_measure; then
      fx_last="! gone the output from byte $fx_at on has been confirmed, and so it was removed"
    elif [ "$fx_bytes" -gt "$fx_at" ]; then
      fx_send
      fx_quiet=0
    elif [ "$fx_ended" ]; then
      fx_last=". $fx_at $(cat "$fx_dir/status")"
    elif [ ! -d "$fx_dir" ]; then
      fx_last='! gone the directory of the job was removed while it ran'
    elif read -r fx_job <"$fx_dir/pid" && ! fx_lives "$fx_job" && [ ! -e "$fx_dir/status" ]; then
      fx_end_orphans
      ! fx_is_group "$fx_job" || kill -s KILL -- "-$fx_pid"
      fx_last='! lost the job was killed, and its exit status with it'
    elif [ "$fx_child" ] && [ ! -e "$fx_dir/started" ] && ! fx_lives "$fx_child" && [ ! -e "$fx_dir/started" ]; then
      fx_last="! start $(fx_words)"
    else
      # In tenths of a second, more or less.
      fx_quiet=$((fx_quiet + 1))
      # A session in which nothing moves is cut after twenty minutes; every half minute something does.
      if [ "$fx_quiet" -ge 300 ]; then
        fx_tell_place
        fx_quiet=0
      fi
      fx_wait_for_news
    fi
  done
  fx_mark "$fx_last"
  printf '\n'
}

# Opened both ways: one end alone waits for the other.
fx_open_news() {
  mkfifo "$fx_dir/news"
  [ -p "$fx_dir/news" ] || return 0
  exec 4<>"$fx_dir/news"
  fx_news=1
}

# Until something may have happened. A recorder in python3 tells what is new; before it is there, and where awk records,
# one has to look.
fx_wait_for_news() {
  if [ "$fx_news" ] && [ -e "$fx_dir/recording" ]; then
    IFS= read -r fx_line <&4
    fx_quiet=$((fx_quiet + 9))
  elif [ "$fx_quiet" -gt 10 ]; then
    sleep 0.1
  else
    sleep 0.02
  fi
}

# A terminal that nobody reads any more keeps a place for sessions, of which a container has one or two. Whoever
# attaches next frees it, and so does a watcher itself when its reader, who says so every twenty seconds, is gone.
fx_replace_watcher() {
  fx_tell KILL "$(cat "$fx_dir/watcher")"
  printf %s "$fx_self" >"$fx_dir/watcher"
}

# The watcher is woken every second, too: nobody else would tell it that the job was killed.
fx_expect_reader() {
  fx_silent=0
  while fx_sleep 1; do
    [ -z "$fx_news" ] || echo >&4
    fx_silent=$((fx_silent + 1))
    if [ "$fx_silent" -ge 90 ]; then
      [ -e "$fx_dir/heard" ] || fx_tell KILL "$fx_self"
      rm -f "$fx_dir/heard"
      fx_silent=0
    fi
  done
}

# All at once, then one by one.
fx_end_helpers() {
  for fx_each in $fx_helpers; do fx_tell TERM "$fx_each"; done
  for fx_each in $fx_helpers; do fx_dismiss "$fx_each"; done
}

fx_main() {
  # The terminal carries the spool and marks, nothing else: a complaint in between would be taken for output.
  exec 2>/dev/null
  fx_child=
  # All that was fetched or typed is there: from now on it is a job.
  if [ "$fx_new" ]; then
    tail -c "+${fx_from-}" "$fx_dir/payload" >"$fx_dir/script"
    rm "$fx_dir/payload"
    mv "$fx_dir/new" "$fx_dir/job"
  fi
  fx_find_programs
  # While the secrets are on their way.
  [ -e "$fx_dir/header" ] || { fx_header >"$fx_dir/header.$$" && mv "$fx_dir/header.$$" "$fx_dir/header"; }
  [ "$fx_nonce" ] || IFS= read -r fx_nonce <&3
  # Of any other way it came the loader has told.
  [ -z "$fx_new" ] || [ "$fx_code" ] || fx_mark 'n Script fetched by boto3.'
  [ -z "$fx_odd" ] || fx_mark "n Passed over, since another user of the container has made it: $fx_odd. The job is in $fx_dir."
  fx_read_secrets
  fx_replace_watcher
  date +%s >"$fx_dir/reader"
  fx_news=
  fx_open_news
  fx_listen <&3 &
  fx_name "$!"
  fx_helpers=$fx_token
  fx_expect_reader 3<&- &
  fx_name "$!"
  fx_helpers="$fx_helpers $fx_token"
  # A watcher that was cut here may have left nothing behind: then the next one starts the job.
  if [ ! -e "$fx_dir/started" ]; then
    if [ "$fx_wait" -gt 0 ] && ! fx_await_others; then
      fx_end_helpers
      rm -rf "$fx_dir"
      return
    fi
    printf %s "$fx_secrets" | fx_adopting /bin/sh "$fx_dir/job" "$fx_dir" "$fx_umask" "$fx_path" \
      >/dev/null 2>>"$fx_dir/err" 3<&- 4<&- &
    fx_name "$!"
    fx_child=$fx_token
  fi
  fx_secrets=
  fx_attach
  fx_tries=250
  until [ -e "$fx_dir/taken" ] || [ ! -d "$fx_dir" ] || [ "$fx_tries" -eq 0 ]; do
    sleep 0.02
    fx_tries=$((fx_tries - 1))
  done
  fx_end_helpers
  [ -e "$fx_dir/taken" ] || [ ! -d "$fx_dir" ] || return 0
  fx_job=$(cat "$fx_dir/pid")
  rm -rf "$fx_dir"
  fx_tell TERM "$fx_job"
  for fx_each in $fx_child ${fx_guard-}; do wait "${fx_each%:*}"; done
}

if [ "${1-}" ]; then
  fx_dir=$1 fx_umask=$2 fx_path=$3
  fx_job
else
  fx_main
fi
