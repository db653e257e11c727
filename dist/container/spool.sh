# --- The spool: what the job has printed, in pieces. Each is a file, named for the byte of the whole at which it begins,
# and ends where the next one begins. What the reader has confirmed goes, piece by piece.

# How much may wait for its reader, fx_limit, and how large a piece is: by the disk where no input says it.
fx_limit_spool() {
  if [ -z "$fx_limit" ]; then
    # shellcheck disable=SC2046 # it is to be split into words
    set -- $(df -Pk "$fx_dir" 2>/dev/null | tail -n 1)
    case ${4:-none} in
      *[!0-9]*) fx_limit=1073741824 ;;
      *) fx_limit=$(($4 * 512)) ;;
    esac
    # A reader confirms a mebibyte at a time.
    [ "$fx_limit" -ge 4194304 ] || fx_limit=4194304
  fi
  fx_piece=$((fx_limit / 16))
  [ "$fx_piece" -le 8388608 ] || fx_piece=8388608
}

# Where the oldest piece begins that is kept, in fx_oldest, and the last one that begins at byte $1 or before, in fx_begin.
# Both are empty where there is none.
fx_find_pieces() {
  fx_oldest='' fx_begin=''
  for fx_file in "$fx_dir"/out.*; do
    fx_start=${fx_file##*.}
    [ "$fx_start" != '*' ] || return 0
    if [ -z "$fx_oldest" ] || [ "$fx_start" -lt "$fx_oldest" ]; then fx_oldest=$fx_start; fi
    [ "$fx_start" -le "$1" ] || continue
    if [ -z "$fx_begin" ] || [ "$fx_start" -gt "$fx_begin" ]; then fx_begin=$fx_start; fi
  done
}

# The reader has all up to byte $1 for certain.
fx_confirm() {
  case $1 in '' | *[!0-9]*) return 0 ;; esac
  fx_find_pieces 0
  while [ "$fx_oldest" ]; do
    fx_size "out.$fx_oldest"
    fx_end_at=$((fx_oldest + fx_bytes))
    [ "$fx_bytes" -gt 0 ] && [ "$fx_end_at" -le "$1" ] && [ -e "$fx_dir/out.$fx_end_at" ] || return 0
    rm -f "$fx_dir/out.$fx_oldest"
    fx_oldest=$fx_end_at
    [ ! -e "$fx_dir/held" ] || fx_end_hold
  done
}

# Takes away what says that the job is held, once half of what may wait has gone.
fx_end_hold() {
  fx_find_pieces 999999999999999999
  read -r fx_size_held <"$fx_dir/held" && [ $((fx_begin - fx_oldest)) -gt $((fx_size_held / 2)) ] || rm -f "$fx_dir/held"
}

# Writes standard input to the spool, a piece at a time. False where the disk had no room for all of it: the rest is
# read all the same.
fx_keep() {
  fx_first=0 fx_before=0
  fx_size out.0
  fx_before=$fx_bytes
  while dd bs=16384 count=$((fx_piece / 16384)) >>"$fx_dir/out.$fx_first" 2>/dev/null; do
    fx_size "out.$fx_first"
    # Nothing came: it is over.
    [ "$fx_bytes" -gt "$fx_before" ] || return 0
    fx_first=$((fx_first + fx_bytes)) fx_before=0
    fx_hold
  done
  cat >/dev/null
  return 1
}

# Waits while as much is kept as may be. A file says so, and how much. Once the workers have ended,
# what is still in the pipes has to go somewhere.
fx_hold() {
  until [ -e "$fx_dir/ending" ]; do
    fx_find_pieces 0
    fx_kept=$((fx_first - ${fx_oldest:-$fx_first}))
    [ "$fx_kept" -ge "$fx_limit" ] || return 0
    # For the last words of workers that were told to stop.
    [ ! -e "$fx_dir/told" ] || [ "$fx_kept" -ge $((fx_limit + fx_piece)) ] || return 0
    if [ ! -e "$fx_dir/held" ]; then
      echo >"$fx_dir/held.new"
      fx_write held "$fx_limit"
    fi
    sleep 0.05
  done
}
