# --- The spool: what the job has printed, in segments. A segment is a file, named for the byte of the whole at which it
# begins. It ends where the next one begins. Segments that the reader has confirmed are removed.

# Sets fx_limit to how many bytes may wait for the reader, half of what is free on the disk, and fx_segment to how many a segment has.
fx_limit_spool() {
  # shellcheck disable=SC2046 # it is to be split into words
  set -- $(LC_ALL=C df -Pk "$fx_dir" 2>/dev/null)
  # The first line has seven words (POSIX, df -P).
  [ $# -le 7 ] || shift 7
  case ${4:-none} in
    *[!0-9]*) fx_limit=1073741824 ;;
    *) fx_limit=$(($4 * 512)) ;;
  esac
  # The reader confirms a mebibyte at a time (carriers/session-input.ts).
  [ "$fx_limit" -ge 4194304 ] || fx_limit=4194304
  fx_segment=$((fx_limit / 16))
  [ "$fx_segment" -le 8388608 ] || fx_segment=8388608
}

# fx_find_segments BYTE: sets fx_oldest to the first byte of the oldest segment, and fx_begin to the first byte of the last segment that
# begins at BYTE or before. Both are empty when there is none.
fx_find_segments() {
  fx_oldest='' fx_begin='' fx_sought=$1
  for fx_start in "$fx_dir"/out.*; do
    fx_start=${fx_start##*.}
    [ "$fx_start" != '*' ] || return 0
    if [ -z "$fx_oldest" ] || [ "$fx_start" -lt "$fx_oldest" ]; then fx_oldest=$fx_start; fi
    [ "$fx_start" -le "$fx_sought" ] || continue
    if [ -z "$fx_begin" ] || [ "$fx_start" -gt "$fx_begin" ]; then fx_begin=$fx_start; fi
  done
}

# fx_confirm BYTE: the reader has all up to BYTE for certain. Removes the segments that end there or before, but never the last one.
fx_confirm() {
  fx_confirmed=$1
  case $fx_confirmed in '' | *[!0-9]*) return 0 ;; esac
  fx_find_segments 0
  while [ "$fx_oldest" ]; do
    fx_size "out.$fx_oldest"
    fx_end_at=$((fx_oldest + fx_bytes))
    [ "$fx_bytes" -gt 0 ] && [ "$fx_end_at" -le "$fx_confirmed" ] && [ -e "$fx_dir/out.$fx_end_at" ] || return 0
    rm -f "$fx_dir/out.$fx_oldest"
    fx_oldest=$fx_end_at
    [ ! -e "$fx_dir/held" ] || fx_end_hold
  done
}

# Removes `held`, which says that the job is held, once at most half of what may wait is kept.
fx_end_hold() {
  fx_find_segments 999999999999999999
  read -r fx_size_held <"$fx_dir/held" && [ $((fx_begin - fx_oldest)) -gt $((fx_size_held / 2)) ] || rm -f "$fx_dir/held"
}

# Adds standard input to the spool, segment by segment. False when the disk had no room for all of it. Then it still reads the rest, so
# that no worker waits for a reader, and workers of items begin nothing more (items.sh).
fx_keep() {
  fx_find_segments 999999999999999999
  fx_first=$fx_begin
  fx_size "out.$fx_first"
  fx_before=$fx_bytes
  while dd bs=16384 count=$((fx_segment / 16384)) >>"$fx_dir/out.$fx_first" 2>/dev/null; do
    fx_size "out.$fx_first"
    # dd has read nothing: this is the end of the input.
    [ "$fx_bytes" -gt "$fx_before" ] || return 0
    fx_first=$((fx_first + fx_bytes)) fx_before=0
    [ ! -e "$fx_dir/packing" ] || fx_wake_attacher
    fx_hold
  done
  rm -f "$fx_dir/kept"
  cat >/dev/null
  return 1
}

# Waits while as much is kept as may be, and writes `held` with that limit. Once the workers have ended it waits no more, because
# what is left in the pipes is to be kept, too. Nor does it once they are being killed: a fact about an item may
# still be told (items.sh), and no script prints. For artifacts it waits again. After a cancel only a mebibyte of them is kept at a
# time, because the status comes behind them.
fx_hold() {
  until [ -e "$fx_dir/ending" ] || [ -e "$fx_dir/enough" ]; do
    [ -e "$fx_dir/packing" ] || [ ! -e "$fx_dir/killing" ] || return 0
    [ ! -e "$fx_dir/packing" ] || [ ! -e "$fx_dir/hurry" ] || fx_limit=1048576
    fx_find_segments 0
    fx_kept=$((fx_first - ${fx_oldest:-$fx_first}))
    [ "$fx_kept" -ge "$fx_limit" ] || return 0
    # Workers that were told to stop may print one segment more: their last words.
    [ ! -e "$fx_dir/told" ] || [ "$fx_kept" -ge $((fx_limit + fx_segment)) ] || return 0
    if [ ! -e "$fx_dir/held" ]; then
      echo >"$fx_dir/held.new"
      fx_write held "$fx_limit"
    fi
    sleep 0.05
  done
}
