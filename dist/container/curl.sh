# --- The uploader when the image has no python3: what uploader.py does, by curl and sha256sum or openssl. Both ways keep
# the same files, so either goes on where the other has ended. Times are tenths of a second since the machine's start.

# Carries out the order in the file `order`, until it is done, another order is there, or TERM comes.
fx_carry_by_curl() {
  if ! fx_find_hasher || ! fx_tool curl; then
    fx_note "Output can't go by S3: the image has neither python3 nor curl with sha256sum or openssl."
    fx_obey over
  elif ! fx_read_order; then
    fx_note "Output can't go by S3: what the runner has typed is incomplete."
    fx_obey over
  else
    fx_curl=$fx_file
    fx_begin_order
    while [ -e "$fx_dir/order" ] && [ -e "$fx_dir/pid" ] && [ ! -e "$fx_dir/ordered" ] && [ -z "$fx_off" ]; do
      fx_carry_on
    done
  fi
}

fx_begin_order() {
  fx_read_carried
  fx_look_at_clock
  # When a piece was made, `control` read, and an object uploaded. The values make the first object go at once.
  fx_made=$((fx_now - 300)) fx_seen=$((fx_now - 290)) fx_put=$fx_now fx_finished=$fx_now
  [ "$fx_sequence" -gt 0 ] || fx_put=$fx_made
  # Since when S3 takes nothing, the pause before the next try, and when that pause ends.
  fx_failing='' fx_pause=0 fx_again=0
  fx_lost='' fx_asked=0 fx_unseen=0 fx_told_notes='
'
  fx_begin='' fx_bytes=0 fx_cut_at=''
}

fx_look_at_clock() {
  read -r fx_now fx_rest </proc/uptime
  fx_now=${fx_now%?}
  fx_now=${fx_now%.*}${fx_now#*.}
}

# Does what is due.
fx_carry_on() {
  fx_look_at_clock
  # How the job has ended comes first: the spool's length, read later, includes all that was printed before.
  fx_find_end
  fx_find_waiting
  fx_find_patience
  [ $((fx_now - fx_seen)) -lt "$fx_patience" ] || fx_look
  if [ "$fx_now" -lt "$fx_again" ] || ! fx_upload_due; then fx_sleep 0.2; fi
}

# Sets fx_ended to how the job has ended, empty before that.
fx_find_end() {
  fx_ended=''
  if [ -e "$fx_dir/status" ]; then
    read -r fx_ended <"$fx_dir/status"
  elif [ -z "$fx_lost" ] && [ $((fx_now - fx_asked)) -ge 10 ]; then
    fx_asked=$fx_now
    # It may have written its status, and ended, since the first look.
    if ! fx_lives "$fx_self" && [ ! -e "$fx_dir/status" ] && [ -e "$fx_dir/pid" ]; then
      fx_lost=$fx_now
      fx_obey lost
    fi
  elif [ "$fx_lost" ] && [ $((fx_now - fx_lost)) -ge 20 ]; then
    fx_ended='! lost the job was killed, and its exit status with it'
  fi
  # Nobody has taken the end for ten minutes.
  fx_ended_at=$fx_lost
  [ "$fx_over" -eq 0 ] || fx_ended_at=$fx_finished
  [ -z "$fx_ended_at" ] || [ $((fx_now - fx_ended_at)) -lt 6000 ] || fx_obey over
}

# Sets fx_waiting to how many bytes of the spool's piece at fx_at are not in a piece for S3 yet. Bytes that are gone have been
# confirmed by a session.
fx_find_waiting() {
  [ -z "$fx_begin" ] || [ -e "$fx_dir/out.$fx_begin" ] || fx_begin=''
  fx_bytes=$fx_at
  if ! fx_measure; then
    fx_at=$fx_oldest
    fx_measure
  fi
  fx_waiting=$((fx_bytes - fx_at))
}

# Sets fx_patience: after how long `control` is read again.
fx_find_patience() {
  if [ "$fx_over" -eq 1 ]; then
    # The runner deletes `control` a moment after it has taken the end (TAKEN_READ_MS in orders.ts).
    if [ $((fx_now - fx_finished)) -lt 100 ]; then fx_patience=1; else fx_patience=10; fi
  elif [ -e "$fx_dir/held" ] || [ "$fx_unseen" -ge 16777216 ]; then
    fx_patience=5
  elif [ -e "$fx_dir/wanting" ]; then
    fx_patience=$((fx_items_pace * 10))
  elif [ "$fx_failing" ]; then
    fx_patience=50
  else
    fx_patience=300
  fi
}

# Uploads what is due: a piece, or else `alive`. True when more may be due at once.
fx_upload_due() {
  [ "$fx_over" -eq 0 ] || return
  if [ ! -e "$fx_dir/piece.$fx_sequence" ]; then
    if [ "$fx_waiting" -gt 0 ]; then
      [ "$fx_ended" ] || [ "$fx_waiting" -ge 1048576 ] || [ $((fx_now - fx_made)) -ge 4 ] || return
      [ "$fx_waiting" -le "$fx_largest" ] || fx_waiting=$fx_largest
      if ! fx_cut "$fx_waiting" || ! fx_fix out; then
        # The disk is full.
        fx_begin='' fx_again=$((fx_now + 5))
        return 1
      fi
      fx_made=$fx_now
    elif [ "$fx_ended" ]; then
      printf %s "$fx_ended" >"$fx_dir/body"
      fx_fix end || return
    elif [ $((fx_now - fx_put)) -ge 300 ]; then
      fx_upload_alive
      return 1
    else
      return 1
    fi
  fi
  fx_post "$fx_sequence" "$fx_dir/piece.$fx_sequence" && fx_acknowledge
}

# fx_cut LENGTH: copies LENGTH bytes of the spool, which has them, into the file `body`.
fx_cut() {
  fx_left=$1 fx_cut_at=''
  : >"$fx_dir/body"
  while [ "$fx_left" -gt 0 ]; do
    fx_length=$fx_left
    [ "$fx_length" -le 1048576 ] || fx_length=1048576
    fx_read "$fx_length" >>"$fx_dir/body" || return
    fx_left=$((fx_left - fx_length))
  done
  fx_cut_at=$fx_at
}

# fx_fix KIND: makes the next piece of the file `body`.
fx_fix() {
  fx_size body
  fx_seal "$1" "$fx_sequence" "$fx_at" "$fx_bytes" "$fx_dir/body"
  { printf '%s\n' "$fx_header" && cat "$fx_dir/body"; } >"$fx_dir/piece.made" &&
    mv "$fx_dir/piece.made" "$fx_dir/piece.$fx_sequence"
}

fx_upload_alive() {
  fx_made_at=$(date +%s)
  fx_seal alive "$fx_made_at" "$fx_at" 0 /dev/null
  printf '%s\n' "$fx_header" >"$fx_dir/body"
  fx_post alive "$fx_dir/body"
}

# Goes on to the next piece, once S3 has this one.
fx_acknowledge() {
  fx_object=$fx_dir/piece.$fx_sequence
  read -r fx_rest fx_kind fx_rest fx_from fx_length fx_rest <"$fx_object"
  if [ "$fx_kind" = end ]; then
    fx_over=1 fx_finished=$fx_now
  else
    # Descriptor 5 may stand elsewhere: another uploader has made the piece, or a session has confirmed it meanwhile.
    [ "$fx_cut_at:$fx_at" = "$fx_from:$fx_from" ] || fx_begin=''
    fx_at=$((fx_from + fx_length)) fx_unseen=$((fx_unseen + fx_length))
  fi
  fx_sequence=$((fx_sequence + 1))
  fx_write_carried
  rm -f "$fx_object"
}

# fx_post NAME FILE: uploads an object.
fx_post() {
  # The process list shows arguments, so the key, which names the folder, comes by a file.
  printf 'form-string = "key=%s"\n' "$fx_folder$1" >"$fx_dir/key.curl"
  fx_ask -K "$fx_dir/post.curl" -K "$fx_dir/key.curl" -H Expect: -F "file=@$2;type=application/octet-stream;filename=$1"
  case $fx_http in
    2??)
      fx_failing='' fx_pause=0 fx_put=$fx_now
      return
      ;;
    000) fx_failure=$(head -n 1 "$fx_dir/curl.err") ;;
    *) fx_failure="$fx_http $(sed -n 's,.*<Code>\([^<]*\)</Code>.*<Message>\([^<]*\)<.*,\1: \2,p' "$fx_dir/answer")" ;;
  esac
  fx_look_at_clock
  [ "$fx_failing" ] || fx_failing=$fx_now
  fx_pause=$((fx_pause * 2))
  [ "$fx_pause" -ge 5 ] || fx_pause=5
  # Workers may wait for items, which come by S3.
  [ "$fx_pause" -le 20 ] || [ ! -e "$fx_dir/wanting" ] || fx_pause=20
  if [ "$fx_http" = 403 ] || [ "$fx_pause" -gt 100 ] || [ $((fx_now - fx_failing)) -gt 600 ] || [ "$(date +%s)" -gt "$fx_post_until" ]; then
    fx_pause=100
  fi
  fx_again=$((fx_now + fx_pause))
  fx_tell_once "S3 has not taken output (curl): $(printf %s "$fx_failure" | tr -cd ' -~' | head -c 200)"
  false
}

# fx_ask OPTION...: has curl make a request, and waits for its end. Sets fx_http to the answer's status, 000 when there is none. curl gets
# what is secret by a file.
fx_ask() {
  : >"$fx_dir/answer"
  "$fx_curl" -q -sS --connect-timeout 20 -y 20 -Y 1 --max-filesize 65536 -w '%{http_code}\n' -o "$fx_dir/answer" "$@" \
    >"$fx_dir/http" 2>"$fx_dir/curl.err" </dev/null 4<&- &
  fx_name "$!"
  fx_nap=$fx_token
  [ -z "$fx_off" ] || fx_tell KILL "$fx_nap"
  while fx_is "$fx_nap"; do wait "${fx_nap%:*}"; done
  fx_http=000
  read -r fx_http <"$fx_dir/http"
}

# fx_tell_once TEXT: gives this note, unless it was given before.
fx_tell_once() {
  case $fx_told_notes in *"
$1
"*) return 0 ;; esac
  fx_told_notes="$fx_told_notes$1
"
  fx_note "$1"
}
