# --- What a script reports of single items in FARGATE_EXEC_ITEM_RESULTS. No report of an item may make one succeed that has failed.

# Whether the script has reported nothing: the file fx_report is gone, or as it was.
fx_is_unreported() {
  fx_results=$fx_dir/$fx_report
  if [ -L "$fx_results" ] || [ -s "$fx_results" ]; then return 1; fi
  [ ! -e "$fx_results" ] || [ -f "$fx_results" ]
}

# Tells the ends of items that the script has reported in the file. Its run has failed when they can't be read: nothing says that none of them has.
fx_keep_results() {
  # A script of root can put anything in the file's place, and any script can take the right to read it.
  if [ -f "$fx_results" ] && [ ! -L "$fx_results" ] && [ -r "$fx_results" ] && fx_size "$fx_report" &&
    [ "$fx_bytes" -le 1048576 ]; then
    # A daemon may go on writing to the file.
    ! dd bs=4096 count=256 <"$fx_results" 2>/dev/null | (fx_tell_results) || return 0
  else
    echo "fargate-exec: what is in FARGATE_EXEC_ITEM_RESULTS is not read: it has to be a file of at most 1 MiB that can be read." >&2
  fi
  [ "$fx_exit_code" -gt 0 ] || fx_exit_code=126
}

# Reads lines `CODE SECONDS ITEM`, and tells the end of each item. An item is that of the batch with this text. False, with nothing told, when
# a line is no such one, or one that has failed names none, or was not read before the workers are killed: it may be that of any item. The same when
# a line that names none may be two in one. In a subshell: it changes how words are split.
fx_tell_results() {
  set -f
  LC_ALL=C
  IFS='
'
  # shellcheck disable=SC2086 # it is to be split into lines
  set -- $fx_item
  unset IFS
  fx_place=1 fx_strange='' fx_strange_count=0 fx_cr=$(printf '\r')
  while IFS= read -r fx_line || [ "$fx_line" ]; do
    fx_line=${fx_line%"$fx_cr"}
    [ "$fx_line" ] || continue
    # Many lines that name no item of a large batch take minutes.
    if [ -e "$fx_dir/killing" ]; then
      echo "fargate-exec: no line in FARGATE_EXEC_ITEM_RESULTS counts, since not all of them were read when the job was stopped." >&2
      return 1
    fi
    fx_text=${fx_line#* }
    fx_item_seconds=${fx_text%% *} fx_text=${fx_text#* }
    fx_find_place "$@"
    fx_wrong=
    if ! fx_read_end "${fx_line%% *}" || { [ "$fx_place" -gt $# ] && fx_is_blurred; }; then
      fx_wrong='is not CODE SECONDS ITEM'
    elif [ "$fx_place" -gt $# ] && [ "$fx_code_" != 0 ]; then
      fx_wrong='that has failed names no item of this run'
    elif [ "$fx_place" -gt $# ] && fx_is_double; then
      fx_wrong='may be two in one'
    fi
    if [ "$fx_wrong" ]; then
      printf "fargate-exec: no line in FARGATE_EXEC_ITEM_RESULTS counts, since one %s: '%.200s'\n" "$fx_wrong" "$fx_line" >&2
      return 1
    elif [ "$fx_place" -le $# ]; then
      fx_keep_end
    else
      [ "$fx_strange_count" -gt 0 ] || fx_strange=$fx_line
      fx_strange_count=$((fx_strange_count + 1))
    fi
  done
  [ "$fx_strange_count" -eq 0 ] || printf \
    "fargate-exec: %s of the lines in FARGATE_EXEC_ITEM_RESULTS name no item of this run. The first one: '%.200s'\n" \
    "$fx_strange_count" "$fx_strange" >&2
  fx_place=1 fx_left=${fx_batch%@*},
  while [ "$fx_place" -le $# ]; do
    eval "fx_end_=\${fx_end_$fx_place-}"
    [ -z "$fx_end_" ] || fx_tell_end "item $fx_order ${fx_left%%,*} $fx_end_"
    fx_place=$((fx_place + 1)) fx_left=${fx_left#*,}
  done
}

# fx_find_place ITEM...: sets fx_place to the place of fx_text among the items, or to one more than there are. As a rule the lines come in the order of the
# batch, so it looks first where it stands.
fx_find_place() {
  fx_each=
  [ "$fx_place" -gt $# ] || eval "fx_each=\${$fx_place}"
  [ "$fx_text" != "$fx_each" ] || return 0
  fx_place=1
  for fx_each; do
    [ "$fx_text" != "$fx_each" ] || return 0
    fx_place=$((fx_place + 1))
  done
}

# Keeps the end of the item at fx_place, and goes on to the next. An item that has failed stays so: a runner may report it for each of its parts.
fx_keep_end() {
  eval "fx_end_=\${fx_end_$fx_place-0 }"
  case $fx_code_$fx_end_ in
    0[!0]*) ;;
    *) eval "fx_end_$fx_place=\"\$fx_code_ \$fx_item_seconds\"" ;;
  esac
  fx_place=$((fx_place + 1))
}

# Whether a blank or a tab stands around fx_text, so that it may name an item all the same.
fx_is_blurred() {
  case $fx_text in [[:blank:]]* | *[[:blank:]]) ;; *) false ;; esac
}

# Whether fx_text has, or begins with, what may be the beginning of another line. Two processes may have written into one, or one was killed in its line.
fx_is_double() {
  case $fx_text in *[0-9]' '[0-9]*' '?*) return 0 ;; esac
  case ${fx_text%% *} in "$fx_text" | *[!0-9.]*) false ;; esac
}

# fx_read_end CODE: sets fx_code_ to the exit code, which is 1 for a number that is none, and fx_item_seconds to the seconds in it as facts have
# them. False when fx_line is not CODE SECONDS ITEM.
fx_read_end() {
  fx_code_=$1
  case $fx_line in ?*' '?*' '?*) ;; *) return 1 ;; esac
  case ${fx_code_#-} in '' | *[!0-9]*) return 1 ;; esac
  case $fx_code_ in -* | ????*) fx_code_=256 ;; esac
  [ "$fx_code_" -le 255 ] || fx_code_=1
  [ "$fx_code_" -gt 0 ] || fx_code_=0
  case $fx_item_seconds in
    # A time such as 1.2e-05.
    [0-9]*[eE]-[0-9]*) fx_item_seconds=0 ;;
    [0-9]*.*)
      fx_fraction=${fx_item_seconds#*.}000 fx_item_seconds=${fx_item_seconds%%.*}
      fx_item_seconds=$fx_item_seconds.${fx_fraction%"${fx_fraction#???}"}
      ;;
  esac
  case $fx_item_seconds in [!0-9]* | *[!0-9.]* | *.*.* | ??????????????* | '') return 1 ;; esac
  fx_whole_=${fx_item_seconds%%.*}
  [ ${#fx_whole_} -le 9 ]
}

# Moves what the run has written into its files behind what earlier runs of the worker have: so a line, or a value of many lines, that a killed run has
# left open takes nothing of the next run. A line with RS and the index of the run's first item ends its part. Of a file that does not fit it has the
# size. No process runs for a script that has written nothing.
fx_keep_written() {
  for fx_kind in output summary; do
    fx_file_=$fx_number.$fx_kind
    [ ! -f "$fx_dir/$fx_file_" ] || [ -L "$fx_dir/$fx_file_" ] || [ -s "$fx_dir/$fx_file_" ] || continue
    fx_size "$fx_file_.runs"
    # The line takes up to 23 bytes.
    fx_room=$((1048553 - fx_bytes)) fx_kept_='' fx_part_size=0
    # A script of root can put anything in the file's place.
    if [ -f "$fx_dir/$fx_file_" ] && [ ! -L "$fx_dir/$fx_file_" ]; then
      fx_size "$fx_file_"
      fx_part_size=$fx_bytes
      [ "$fx_bytes" -gt "$fx_room" ] || fx_kept_=$fx_dir/$fx_file_
    fi
    if [ "$fx_kept_" ]; then
      # A daemon may go on writing to it.
      dd bs=4096 count=256 <"$fx_kept_"
      printf '\n\036%s\n' "$fx_first"
    elif [ -e "$fx_dir/$fx_file_" ] && [ "$fx_room" -ge 0 ]; then
      printf '\n\036%s %s\n' "$fx_first" "$fx_part_size"
    fi >>"$fx_dir/$fx_file_.runs"
    rm -rf "$fx_dir/$fx_number.$fx_kind"
    printf '' >"$fx_dir/$fx_file_"
  done
} 2>/dev/null
