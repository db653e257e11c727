# --- The attacher: it copies the spool to its terminal, from the byte that it is told, up to the end of the job. A job may
# have any number of attachers, one after the other. The terminal carries marks, and the spool segment by segment, packed when that helps.

# Ends the session of the attacher before this one. A session takes one of the container's seats as long as it lives.
fx_replace_attacher() {
  fx_end_session "$(cat "$fx_dir/attacher")"
  printf %s "$fx_self" >"$fx_dir/attacher"
}

# Sends the spool from byte fx_at on, then one last mark: how the job has ended, or why that is not known. When the reader
# leaves, fx_last is `left` and there is no such mark.
fx_show_job() {
  [ -z "${fx_any-}" ] || fx_find_begin
  fx_mark "@$fx_at"
  printf '\n'
  fx_quiet=0 fx_unmarked=0 fx_packer='' fx_last='' fx_begin='' fx_bytes=0 fx_held='' fx_holds=0
  until [ "$fx_last" ]; do
    # Look for the status before the size: a size that is read later includes all that was written before the status.
    fx_ended=
    [ ! -e "$fx_dir/status" ] || fx_ended=1
    fx_tell_held
    [ ! -s "$fx_dir/notes" ] || fx_tell_notes
    if [ -e "$fx_dir/left" ]; then
      fx_tell_place
      fx_last=left
    elif ! fx_measure; then
      fx_last="! gone the output from byte $fx_at on has been confirmed, and so it was removed"
    elif [ "$fx_bytes" -gt "$fx_at" ]; then
      fx_send
      fx_quiet=0
    elif [ "$fx_ended" ]; then
      fx_last=". $fx_at $(cat "$fx_dir/status")"
    else
      fx_find_loss
      [ "$fx_last" ] || fx_wait_for_news
    fi
  done
  fx_tell_holds
  [ "$fx_last" != left ] || return 0
  fx_mark "$fx_last"
  printf '\n'
}

# Sets fx_last when the job has ended without a status.
fx_find_loss() {
  if [ ! -d "$fx_dir" ]; then
    fx_last='! gone the directory of the job was removed while it ran'
  elif fx_is_killed; then
    fx_end_orphans
    fx_tell_group KILL "$fx_job"
    fx_last='! lost the job was killed, and its exit status with it'
  elif [ "$fx_child" ] && [ ! -e "$fx_dir/started" ] && ! fx_lives "$fx_child" && [ ! -e "$fx_dir/started" ]; then
    fx_last="! start $(fx_words)"
  fi
}

# Whether the process of the job was killed. Sets fx_job to its name.
fx_is_killed() { read -r fx_job <"$fx_dir/pid" && ! fx_lives "$fx_job" && [ ! -e "$fx_dir/status" ]; }

# Opens the pipe by which a recorder in python3 wakes the attacher, on descriptor 4. It is opened both ways: opening one
# end alone waits for the other.
fx_open_news() {
  fx_news=
  mkfifo "$fx_dir/news"
  [ -p "$fx_dir/news" ] || return 0
  exec 4<>"$fx_dir/news"
  fx_news=1
}

# Waits until something may have happened. When awk records, that is a short sleep.
fx_wait_for_news() {
  # fx_quiet counts tenths of a second, about.
  fx_quiet=$((fx_quiet + 1))
  # ECS Exec ends a session in which nothing moves for 20 minutes (its documentation). So a mark is sent every half minute.
  if [ "$fx_quiet" -ge 300 ]; then
    fx_tell_place
    fx_quiet=0
  fi
  if [ "$fx_news" ] && [ "$fx_python3" ]; then
    IFS= read -r fx_line <&4
    fx_quiet=$((fx_quiet + 9))
  elif [ "$fx_quiet" -gt 10 ]; then
    sleep 0.1
  else
    sleep 0.02
  fi
}

# fx_mark TEXT: writes a mark with the nonce of the run (carriers/stream/marks.ts). It tries twice: the ash of busybox catches SIGCHLD, and
# its printf fails on EINTR without having written anything.
fx_mark() { fx_write_mark "$1" || fx_write_mark "$1"; }
# shellcheck disable=SC2154 # bootstrap.sh reads it
fx_write_mark() { printf '\033]7733;%s;%s\007' "$fx_nonce" "$1"; }

# Sets fx_packer to what packs bytes for a terminal. This is called when the first bytes have to be packed. False when the image
# has nothing for it. Then nothing is packed.
fx_find_packer() {
  if fx_tool base64 && fx_base64=$fx_file && fx_tool gzip; then
    fx_gzip=$fx_file
    fx_packer=gzip
  elif [ "$fx_python3" ]; then
    fx_packer=python3
  else
    fx_mark 'n The image has neither gzip with base64 nor python3, so the output is sent as it is.'
    fx_pack=
    return 1
  fi
}

# Packs standard input.
fx_run_packer() {
  case $fx_packer in
    gzip) "$fx_gzip" -c | "$fx_base64" ;;
    python3) "$fx_python3" -I -S -c "$fx_pack_py" ;;
  esac
}

# Sets fx_bytes to the byte up to which the spool can be read: the end of the segment that is open on descriptor 5. When that segment
# has been read, opens the next one. False when byte fx_at is not kept any more.
fx_measure() {
  if [ -z "$fx_begin" ]; then
    fx_find_segments "$fx_at"
    [ "$fx_oldest" ] || return 0
    [ "$fx_begin" ] || return 1
    exec 5<"$fx_dir/out.$fx_begin"
    fx_skip_to "$fx_at"
  elif [ "$fx_at" -gt "$fx_begin" ] && [ -e "$fx_dir/out.$fx_at" ]; then
    fx_begin=$fx_at
    exec 5<"$fx_dir/out.$fx_begin"
  fi
  fx_size "out.$fx_begin"
  fx_bytes=$((fx_begin + fx_bytes))
}

# fx_read LENGTH: prints LENGTH bytes of the spool, which has them. One read of dd takes that many and no more. The head of
# busybox takes more than it prints, and its tail reads all that it leaves out.
fx_read() { dd bs="$1" count=1 <&5; }

# fx_skip_to BYTE: reads on in the segment that is open, up to that byte of the spool.
fx_skip_to() {
  fx_left=$(($1 - fx_begin))
  while [ "$fx_left" -gt 0 ]; do
    fx_length=$fx_left
    [ "$fx_length" -le 1048576 ] || fx_length=1048576
    fx_read "$fx_length" >/dev/null
    fx_left=$((fx_left - fx_length))
  done
}

# Sends the spool up to byte fx_bytes, or a part of it: packed when more than fx_pack bytes wait. fx_pack is empty when
# nothing is to be packed.
fx_send() {
  fx_length=$((fx_bytes - fx_at))
  if [ "$fx_pack" ] && [ "$fx_length" -gt "$fx_pack" ] && { [ "$fx_packer" ] || fx_find_packer; }; then
    # A session that is cut costs the whole part, so a part is small.
    # shellcheck disable=SC2154 # bootstrap.sh reads it
    [ "$fx_length" -le "$fx_part" ] || fx_length=$fx_part
    fx_mark "# $fx_at $fx_length"
    fx_read "$fx_length" | fx_run_packer
    fx_mark '%'
  else
    # A small part, because what comes after it may have to be packed.
    [ "$fx_length" -le $((fx_part / 4)) ] || fx_length=$((fx_part / 4))
    fx_read "$fx_length"
    fx_unmarked=$((fx_unmarked + fx_length))
  fi
  fx_at=$((fx_at + fx_length))
  # The marks `~` and the packed parts tell the reader which bytes are certain.
  [ "$fx_unmarked" -lt "$fx_part" ] || fx_tell_place
}

# Tells when the job is held for the first time because too much of its output waits, and when it goes on. A fast job is then held
# hundreds of times more. That is told as one count at the end.
fx_tell_held() {
  if [ -e "$fx_dir/packing" ]; then
    :
  elif [ ! -e "$fx_dir/held" ]; then
    [ -z "$fx_held" ] || [ "$fx_holds" -gt 1 ] || fx_mark 'n The job is not held any more: half of the output that waited has been read. Further holds are counted.'
    fx_held=
  elif [ -z "$fx_held" ]; then
    read -r fx_held <"$fx_dir/held"
    fx_holds=$((fx_holds + 1))
    [ "$fx_holds" -gt 1 ] || fx_mark "n The job is held until more of its output has been read: $((fx_held / 1048576)) MB wait, half of what was free on the disk."
  fi
}

# Tells how often the job was held, if it was held more than once.
fx_tell_holds() {
  [ "$fx_holds" -le 1 ] || fx_mark "n The job was held $fx_holds times, each time until half of the output that waited had been read."
}

# Tells up to which byte the spool has been sent.
fx_tell_place() {
  fx_mark "~ $fx_at"
  fx_unmarked=0
}

# fx_note TEXT: a note for the log, which an attacher shows as soon as there is one.
fx_note() {
  printf '%s\n' "$1" >>"$fx_dir/notes"
  fx_wake_attacher
}

# Shows the notes of the job and of the uploader. The caller passes over an empty file, which its writer has only opened.
fx_tell_notes() {
  mv "$fx_dir/notes" "$fx_dir/notes.told"
  while IFS= read -r fx_line; do fx_mark "n $fx_line"; done <"$fx_dir/notes.told"
}
