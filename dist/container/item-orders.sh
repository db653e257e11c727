# --- The orders of the runner to the items (carriers/stream/marks.ts has the facts by which it is told what has come of them):
#
#     N give BATCH...   the batches go into the file `stock`
#     N back          what has not begun is given back
#     N end           nothing more comes
#
# An order is obeyed when N follows the last one. The runner repeats an order that it knows nothing of, and two processes may read it at
# the same time, so to obey it twice does what to obey it once does: a batch of an order is the first one's that makes its file in `claims`, and an
# order that was obeyed has a file in `obeyed`, which a slower process can't take back.

# fx_take_order LINE: obeys an order.
fx_take_order() {
  # In a subshell, since it uses variables of the caller. No word is taken for a pattern of names.
  # shellcheck disable=SC2086 # it is to be split into words
  (set -f && set -- $1 && set +f && fx_order_items "$@")
}

# fx_order_items NUMBER WORD [BATCH...]
fx_order_items() {
  case $1 in '' | 0* | *[!0-9]* | ??????????*) return ;; esac
  [ "$1" -eq 1 ] || [ -e "$fx_dir/obeyed/$(($1 - 1))" ] || return
  [ ! -e "$fx_dir/obeyed/$1" ] || return
  fx_order=$1 fx_word=$2
  shift 2
  case $fx_word in
    give)
      fx_fetch_texts "$@"
      fx_take_batches "$@" >>"$fx_dir/stock"
      ;;
    back) fx_give_back ;;
    end)
      echo end >>"$fx_dir/stock"
      rm -f "$fx_dir/wanting"
      ;;
    *) return ;;
  esac
  true >"$fx_dir/obeyed/$fx_order"
  fx_tell_fact "got $fx_order"
  fx_wake_workers
}

# Behind a batch stands the number of this process, which has fetched its texts.
fx_take_batches() {
  for fx_batch; do
    case $fx_batch in '' | *[!0-9,@]*) ;; *) printf '%s %s %s\n' "$fx_order" "$fx_batch" "$$" ;; esac
  done
}

# Writes the first 64 items of these batches into a file each. So one program runs for all of them, and none for a batch. Of a longer order the workers
# fetch the others themselves: it would take seconds, and the disk may be small. A process that obeys the same order has files of its own: it may
# write while a worker reads.
fx_fetch_texts() {
  fx_script_='' fx_n=0
  for fx_batch; do
    fx_left=${fx_batch%@*},
    while [ "$fx_left" ] && [ "$fx_n" -lt 64 ]; do
      fx_n=$((fx_n + 1))
      case ${fx_left%%,*} in '' | 0?* | *[!0-9]* | ?????*) ;; *) fx_script_="$fx_script_$((${fx_left%%,*} + 1)){=;p;};" ;; esac
      fx_left=${fx_left#*,}
    done
  done
  LC_ALL=C sed -n "$fx_script_" "$fx_dir/items" | while IFS= read -r fx_n && IFS= read -r fx_line; do
    printf '%s\n' "$fx_line" >"$fx_dir/text.$fx_order.$((fx_n - 1)).$$"
  done
} 2>/dev/null

# Wakes the workers that wait for a batch.
fx_wake_workers() {
  for fx_each in "$fx_dir"/*.idle; do
    if read -r fx_word <"$fx_each" && [ "$fx_word" = waits ]; then echo 1<>"${fx_each%idle}w"; fi
  done
} 2>/dev/null

# Claims all that nobody has claimed, and tells what that is. recorder.awk records no fact as a whole that has more than 3,890 bytes.
fx_give_back() {
  fx_back=
  while read -r fx_from fx_batch fx_by; do
    fx_first=${fx_batch%%[,@]*}
    if [ "$fx_batch" ] && fx_claim "$fx_from.$fx_first"; then fx_back="$fx_back $fx_from.$fx_first"; fi
    if [ ${#fx_back} -gt 3800 ]; then
      fx_tell_fact "back $fx_order$fx_back"
      fx_back=
    fi
  done <"$fx_dir/stock"
  fx_tell_fact "back $fx_order$fx_back"
}
