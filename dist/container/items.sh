# --- The items: with them each worker runs the script again and again, once for each batch of items that the runner has given. The file
# `items` has all of them, one a line. A batch is written as their indices, `3` or `3,9,12`, with `@2` behind them when they run for the second
# time, and is known by its first index. `item-orders.sh` has how the batches come into the file `stock`. Only a job with items has this part.
#
# The pipe `facts` has the answers to orders. Each worker has a pipe of its own, `N.f`, for what becomes of its batches: so what answers an order
# never waits behind what a worker has to tell.

# Makes the files of the items.
fx_make_stock() {
  mkdir "$fx_dir/claims" "$fx_dir/obeyed"
  set -- "$fx_dir/facts"
  for fx_n in $fx_all; do
    set -- "$@" "$fx_dir/$fx_n.w"
    # It is rewritten in place, which needs no room on a full disk.
    echo works >"$fx_dir/$fx_n.idle"
  done
  mkfifo "$@"
  for fx_each in stock kept; do printf '' >"$fx_dir/$fx_each"; done
  # As long as it is there, `control` is read often.
  fx_write wanting "$fx_items_pace"
  # A pipe that no process holds loses what is in it. The first order comes when the job has begun.
  exec 9<>"$fx_dir/facts"
}

# fx_tell_fact TEXT: tells the runner an answer; a dot is the last one. A line of at most PIPE_BUF bytes is never mixed with what other processes write (POSIX, write).
fx_tell_fact() { printf '%s\n' "$1" 1<>"$fx_dir/facts"; }

# fx_tell_own_fact TEXT: tells the runner a fact of this worker, behind all that the worker has told.
fx_tell_own_fact() { printf '%s\n' "$1" >&8; }

# fx_claim NAME: true for one caller only.
fx_claim() {
  [ ! -e "$fx_dir/claims/$1" ] || return
  set -C
  # `true`, because a failed redirection of a special built-in such as `:` ends the shell (POSIX, Consequences of Shell Errors).
  { true >"$fx_dir/claims/$1"; } 2>/dev/null
  fx_claimed=$?
  set +C
  return "$fx_claimed"
}

# Runs the script for one batch after the other, as worker fx_number, until nothing more comes. The worker's pipes stay open between two
# batches. The worker's exit code is 0, since facts tell how the items have ended. It is 126 when the worker can make no file, as on a full disk: so
# other tasks get what it would have taken.
fx_run_items() {
  fx_worker_code=0 fx_is_unused='' fx_is_idle='' fx_open_line='' fx_spare='' fx_dir_count=0 fx_stale_files=''
  exec 7<"$fx_dir/stock" 6<>"$fx_dir/$fx_number.w"
  fx_open_output
  [ -z "$fx_python3" ] || exec 4<>"$fx_dir/$fx_number.f"
  exec 8>"$fx_dir/$fx_number.f" 4<&-
  while [ "$fx_worker_code" = 0 ] && fx_next_batch; do fx_run_batch; done
  [ "$fx_worker_code" = 0 ] || echo "fargate-exec: no file can be made in $fx_dir, so this worker takes no further item." >&2
  # A pipe that ends ends its open line, which would not be whole.
  fx_await_told
  exec >/dev/null 2>>"$fx_dir/err" 8>&-
}

# Whether the script has run for an item.
fx_has_run() { (set -- "$fx_dir"/*[0-9].pid && [ -e "$1" ]); }

# Tells of each worker whose shell was killed: what it had in hand has no end, and the other workers need not wait for it. Wakes those that wait, each
# second and once the job was killed, so that they look whether it was.
fx_watch_workers() {
  fx_told=' ' fx_dead_before=
  until fx_is_alone || ! fx_sleep 1; do
    fx_wake_workers
    fx_free_passers
    fx_n=0
    for fx_each in $fx_running; do
      if ! fx_lives "$fx_each" && [ ! -e "$fx_dir/$fx_n.code" ]; then
        case $fx_told in *" $fx_n "*) ;; *)
          fx_told="$fx_told$fx_n "
          fx_tell_fact "gone $fx_n"
          ;;
        esac
      fi
      fx_n=$((fx_n + 1))
    done
  done
  fx_wake_workers
}

# Whether the job's process or a recorder was killed, or what is recorded can't be kept. Then nothing begins any more: nobody would stop it, it would
# wait for ever where it opens its pipes, or nobody would hear of it. The recorders in awk of another worker end with it, also when that was killed.
fx_is_alone() {
  [ -e "$fx_dir/kept" ] || return 0
  for fx_each in $fx_self $fx_recorders; do
    case $fx_each in *,"$fx_number".? | *,facts) ;; *,*) continue ;; esac
    fx_lives "${fx_each%,*}" || return 0
  done
  false
}

# Waits for a batch of the stock. False when none comes any more, or when the job is being stopped. The stock has the batches of all workers, so a
# look at one that is claimed costs next to nothing. A worker that finds none says that it waits, looks again, and then sleeps until it is woken.
# A line that is being written may be seen cut, where a page of the file ends: its beginning is kept.
fx_next_batch() {
  until [ -e "$fx_dir/stopping" ]; do
    fx_line=
    if IFS= read -r fx_line <&7; then
      fx_split_line "$fx_open_line$fx_line"
      fx_open_line=
      [ "$fx_order" != end ] || return
      fx_first=${fx_batch%%[,@]*}
      [ ! -e "$fx_dir/claims/$fx_order.$fx_first" ] || continue
      ! fx_is_alone || break
      ! fx_claim "$fx_order.$fx_first" || return 0
      [ -e "$fx_dir/claims/$fx_order.$fx_first" ] || fx_worker_code=126
      [ "$fx_worker_code" = 0 ] || break
    elif fx_open_line=$fx_open_line$fx_line && [ -z "$fx_is_idle" ]; then
      fx_is_idle=1
      echo waits 1<>"$fx_dir/$fx_number.idle"
    else
      ! fx_is_alone || break
      ! fx_is_silent "$fx_dir" 120 || return
      # Nobody would wake a worker whose file does not say that it waits.
      if read -r fx_word <"$fx_dir/$fx_number.idle" && [ "$fx_word" = waits ]; then read -r fx_skip <&6; else sleep 0.2; fi
    fi
  done
  false
} 2>/dev/null

# Sets fx_order, fx_batch and fx_by from a line of the stock.
fx_split_line() {
  fx_order=${1%% *} fx_by=${1##* } fx_batch=${1#* }
  fx_batch=${fx_batch%% *}
}

fx_run_batch() {
  [ -z "$fx_is_idle" ] || echo works 1<>"$fx_dir/$fx_number.idle"
  fx_is_idle=
  # What stops the workers waits for the name of the next script.
  fx_name_script ''
  [ ! -e "$fx_dir/stopping" ] || return
  fx_tell_own_fact "begin $fx_order $fx_first $fx_number"
  fx_ready=
  ! fx_write_items || fx_ready=1
  fx_await_told
  fx_read_hundredths
  fx_began=$fx_now
  if [ "$fx_ready" ]; then
    fx_run_script
    # No further process runs for a script that has reported nothing.
    fx_is_unreported || fx_keep_results
  else
    echo "fargate-exec: the items of this run, or a directory for it, can't be written into $fx_dir." >&2
    fx_exit_code=126
  fi
  fx_keep_written
  # What has ended because the job was killed has no end that tells of its items.
  fx_lives "$fx_self" || return
  fx_find_seconds "$fx_began"
  fx_mark_=
  [ ! -e "$fx_dir/stopping" ] || fx_mark_='!'
  fx_is_unused=
  [ ! -e "$fx_item_dir" ] || fx_is_empty || fx_bring_item_dir
  [ -z "$fx_python3" ] || { true >"$fx_dir/$fx_number.told"; } 2>/dev/null
  fx_tell_end "end $fx_order ${fx_batch%@*} $fx_exit_code$fx_mark_ $fx_seconds $fx_number"
  [ "$fx_is_unused" ] || [ ! -e "$fx_item_dir" ] || fx_remove_item_dir
  [ -z "$fx_is_unused" ] || fx_stale_files="$fx_stale_files ${fx_item_dir##*/}"
}

# Waits until the recorder has the end of the batch before: the output of this one comes behind it. A recorder that is held takes longer.
fx_await_told() {
  fx_naps=0
  while [ -e "$fx_dir/$fx_number.told" ] && [ "$fx_naps" -lt 50 ]; do
    sleep 0.01
    fx_naps=$((fx_naps + 1))
  done
}

# fx_tell_end TEXT: tells a fact that a step which attaches hears again at the end of the job.
fx_tell_end() {
  { printf '%s\n' "$1" >>"$fx_dir/$fx_number.ends"; } 2>/dev/null
  fx_tell_own_fact "$1"
}

# Sets fx_unbegun to a word that names the first batch of the stock that no worker has taken, nor one behind it; empty when there is none. The facts may
# be lost, but each worker takes the first batch that nobody has.
fx_find_unbegun() {
  fx_unbegun=
  while read -r fx_order fx_batch fx_by; do
    fx_first=${fx_batch%%[,@]*}
    [ "$fx_first" ] || continue
    if [ -e "$fx_dir/claims/$fx_order.$fx_first" ]; then fx_unbegun=''; else fx_unbegun=${fx_unbegun:-"@$fx_order.$fx_first "}; fi
  done <"$fx_dir/stock"
} 2>/dev/null

# Adds the texts of all items and the ends of all batches to the spool, behind all output: a step that attaches to the job has no list, and may not
# have heard of earlier ends. The texts come first: by them a step that is leaving knows that the ends behind them are for the next one.
fx_keep_ends() {
  : >"$fx_dir/ending"
  [ "$fx_python3" ] || fx_tool awk
  fx_recorder=$fx_file
  {
    # A shell may count characters otherwise, and more bytes than fit in a fact.
    LC_ALL=C
    fx_n=0
    while IFS= read -r fx_line; do
      printf 'text %s %.1001s\n' "$fx_n" "$fx_line"
      fx_n=$((fx_n + 1))
    done <"$fx_dir/items"
    cat "$fx_dir"/*.ends
  } 2>/dev/null | (
    # No item holds a secret. What looks like one is part of a fact's own words.
    fx_patterns=
    fx_record_file i 0 1
  ) | fx_keep
}

# Sets fx_item to the batch, one item a line, writes it into a file, and takes a directory for the batch. False when the list has not all of it, when
# its indices do not ascend, as the lines of the list do, or when the disk is full: the worker ends with this batch then. No two runs have one path: what
# a script has left running writes into no later one's directory, and reports no end of a later one.
fx_write_items() {
  fx_item_dir=
  fx_take_item_dir || { fx_worker_code=126 && return 1; }
  fx_items_file=items.$fx_order.$fx_first fx_report=results.$fx_order.$fx_first
  fx_stale_files="$fx_stale_files $fx_items_file $fx_report"
  fx_left=${fx_batch%@*}, fx_item='' fx_script_='' fx_lacks='' fx_before=-1
  while [ "$fx_left" ]; do
    case ${fx_left%%,*} in '' | ?????*) return 1 ;; esac
    [ "${fx_left%%,*}" -gt "$fx_before" ] && [ "${fx_left%%,*}" -lt "$fx_items" ] || return 1
    fx_before=${fx_left%%,*}
    fx_text=text.$fx_order.$fx_before.$fx_by
    fx_stale_files="$fx_stale_files $fx_text" fx_script_="$fx_script_$((fx_before + 1))p;"
    if [ "$fx_lacks" ] || ! IFS= read -r fx_line <"$fx_dir/$fx_text"; then fx_lacks=1; fi
    fx_item="$fx_item
$fx_line"
    fx_left=${fx_left#*,}
  done
  fx_item=${fx_item#?}
  # What was not fetched when the order came.
  [ -z "$fx_lacks" ] || { fx_item=$(LC_ALL=C sed -n "$fx_script_" "$fx_dir/items") && [ "$fx_item" ]; } || return
  { printf '%s\n' "$fx_item" >"$fx_dir/$fx_items_file" && true >"$fx_dir/$fx_report"; } || { fx_worker_code=126 && return 1; }
} 2>/dev/null

# Sets fx_item_dir to an empty directory. False when there is no room for one.
fx_take_item_dir() {
  if [ -z "$fx_spare" ]; then
    fx_clear_away
    # Programs start once for so many batches. No name of a directory is the beginning of another one.
    fx_n=0
    while [ "$((fx_n += 1))" -le 16 ]; do fx_spare="$fx_spare item.$fx_number.$((fx_dir_count += 1)).d"; done
    # shellcheck disable=SC2086 # it is to be split into words
    (cd "$fx_dir" && mkdir -m 700 $fx_spare)
  fi
  fx_spare=${fx_spare# }
  fx_item_dir=$fx_dir/${fx_spare%% *}
  case $fx_spare in *' '*) fx_spare=${fx_spare#* } ;; *) fx_spare='' ;; esac
  # The disk may have been full.
  [ -d "$fx_item_dir" ] || mkdir -m 700 "$fx_item_dir"
}

# Removes what batches that have ended have left.
fx_clear_away() {
  # shellcheck disable=SC2086 # it is to be split into words
  [ -z "$fx_stale_files" ] || (cd "$fx_dir" && rm -rf $fx_stale_files)
  fx_stale_files=
} 2>/dev/null

# Prints the variables of the batch as calls of fx_set.
# shellcheck disable=SC2154 # job-text.ts sets fx_items
fx_print_item() {
  fx_attempt=1
  case $fx_batch in *@*) fx_attempt=${fx_batch#*@} ;; esac
  printf 'fx_set %s %s\n' FARGATE_EXEC_ITEM_INDEX "$fx_first" FARGATE_EXEC_ITEMS_TOTAL "$fx_items" \
    FARGATE_EXEC_ITEM_ATTEMPT "$fx_attempt" FARGATE_EXEC_ITEMS_FILE "$fx_dir/$fx_items_file" \
    FARGATE_EXEC_ITEM_RESULTS "$fx_dir/$fx_report" \
    FARGATE_EXEC_ITEM_DIR "$fx_item_dir"
  # A quote in the text ends the quoted part, stands alone behind a backslash, and begins the next part.
  case $fx_item in
    *\'*) printf "fx_set FARGATE_EXEC_ITEM '%s'\n" "$(printf '%s\n' "$fx_item" | LC_ALL=C sed "s/'/'\\\\''/g")" ;;
    *) printf "fx_set FARGATE_EXEC_ITEM '%s'\n" "$fx_item" ;;
  esac
}
