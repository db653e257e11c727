# --- The directory of a batch. When the script has written something into it, a process of the script's user packs that, as it packs artifacts
# (artifacts.sh). What it prints are facts (items.sh).

# Tells what is in the directory of the batch: each line of the packer is a fact. Once the workers are being killed it tells nothing more: a job
# that was cancelled has to end.
fx_bring_item_dir() {
  # A script of root can put one there.
  [ ! -L "$fx_item_dir" ] || { fx_tell_own_fact "pack $fx_order $fx_first funread \"\" a link is in its place" && return; }
  fx_find_archiver
  # The name of the packer before this one tells nothing of this one.
  : >"$fx_dir/$fx_number.packer.pid"
  fx_broken=
  (fx_apart fx_pack "$fx_number" "$fx_dir/killing" "pack $fx_order $fx_first " fx_with_item_dir 2880 >&8 7</dev/null 6<&-) \
    2>>"$fx_dir/err" </dev/null 9<&- || fx_broken=1
  if [ -e "$fx_dir/killing" ]; then
    fx_tell_own_fact "pack $fx_order $fx_first fcut"
  elif [ "$fx_broken" ]; then
    fx_tell_own_fact "pack $fx_order $fx_first funread \"\" what packs them was killed"
  fi
}

# Kills what passes on the lines of a packer that was dead at the two looks before, too: another process of the script's user holds the pipe. It is
# called each second. A spool that is full holds what passes lines on, also when its packer has ended.
fx_free_passers() {
  fx_now_dead=' '
  for fx_named in "$fx_dir"/*[0-9].passer.pid; do
    read -r fx_passer <"$fx_named" && read -r fx_line <"${fx_named%passer.pid}packer.pid" || continue
    [ ! -e "$fx_dir/held" ] && fx_lives "$fx_passer" && ! fx_lives "$fx_line" || continue
    fx_now_dead="$fx_now_dead$fx_passer "
    case $fx_dead_before in *" $fx_passer "*" $fx_passer "*) fx_tell KILL "$fx_passer" ;; esac
  done
  fx_dead_before="${fx_dead_last-}$fx_now_dead" fx_dead_last=$fx_now_dead
} 2>/dev/null

# Whether nothing is in the directory of the batch, which is removed then. Without a user that needs no process of its own: what makes room for the next
# batch does it. Another user might fill the directory meanwhile.
fx_is_empty() {
  if [ "$fx_user" ] || [ -L "$fx_item_dir" ] || [ ! -r "$fx_item_dir" ] || [ ! -x "$fx_item_dir" ]; then
    rmdir "$fx_item_dir" 2>/dev/null
    return
  fi
  ! fx_holds_something || return
  fx_is_unused=1
}

fx_holds_something() {
  for fx_below in "$fx_item_dir"/* "$fx_item_dir"/.[!.]* "$fx_item_dir"/..?*; do
    if [ -e "$fx_below" ] || [ -L "$fx_below" ]; then return 0; fi
  done
  false
}

# The most files and bytes of a directory, and a glob for all that is in it.
fx_with_item_dir() { "$@" "$fx_item_dir" 1000 16777216 + '' '' '.*'; }

# Removes fx_item_dir, unless the workers are being killed. A program of the script's user does it, which can remove no more than that user can. First
# with the modes as they are. What is left then may be another user's.
fx_remove_item_dir() {
  # What the script has left running may go on writing there by its path, and would be removed for ever.
  case $fx_item_dir in *.old) ;; *) mv "$fx_item_dir" "$fx_item_dir.old" && fx_item_dir=$fx_item_dir.old ;; esac
  for fx_removal in 'exec rm -rf "$1"' 'find "$1" -type d ! -perm -700 -exec chmod u+rwx {} ";"; exec rm -rf "$1"'; do
    [ ! -e "$fx_dir/killing" ] || return 0
    (fx_apart fx_become_packer "$fx_number" "$fx_dir/killing" /bin/sh -c "$fx_removal" sh "$fx_item_dir" 6<&- 7<&- 8>&- 9<&-)
    [ -e "$fx_item_dir" ] && ! rmdir "$fx_item_dir" || return 0
  done
  fx_remove_as_root
} 2>/dev/null </dev/null

# As long as another user owns what is in fx_item_dir, a directory there may become a link while root removes what it holds. A link in its place, which a
# script of root can put there, is only removed.
fx_remove_as_root() {
  [ -z "$fx_user" ] || [ -L "$fx_item_dir" ] || (cd "$fx_item_dir" && fx_take_over) || return
  rm -rf "$fx_item_dir"
} 2>/dev/null

# Makes the directory that this shell is in ours, and all directories below it: from the top down, so that nobody exchanges a name on the way. Each
# takes a process. So it ends early, and is false, when the workers are killed: the status has to come.
fx_take_over() {
  chown "$fx_uid" . && chmod 700 . || return
  for fx_below in * .[!.]* ..?*; do
    [ ! -e "$fx_dir/killing" ] || [ -e "$fx_dir/status" ] || return
    [ ! -d "$fx_below" ] || [ -L "$fx_below" ] || (cd "./$fx_below" && fx_take_over) || return
  done
}

# Removes the directories that are left, once the job has its status: for twenty seconds as the script's user, then as root.
fx_remove_item_dirs() {
  # Most are those that no batch has taken. Nothing that a script has left running stops a program because of their names.
  fx_left=
  for fx_item_dir in "$fx_dir"/item.*.d; do [ ! -d "$fx_item_dir" ] || fx_holds_something || fx_left="$fx_left ${fx_item_dir##*/}"; done
  # shellcheck disable=SC2086 # it is to be split into words
  [ -z "$fx_left" ] || (cd "$fx_dir" && rmdir $fx_left) 2>/dev/null
  fx_left=
  for fx_item_dir in "$fx_dir"/item.*; do [ ! -d "$fx_item_dir" ] || fx_left=1; done
  [ "$fx_left" ] || return 0
  rm -f "$fx_dir/killing"
  # TERM, which tells the job that its status was taken, ends none of its sleeps any more.
  { fx_off='' && fx_after 20 fx_end_removal; } &
  fx_name "$!"
  fx_bound=$fx_token fx_number=0
  for fx_item_dir in "$fx_dir"/item.*; do [ ! -d "$fx_item_dir" ] || fx_remove_item_dir; done
  fx_dismiss "$fx_bound"
  for fx_item_dir in "$fx_dir"/item.*; do [ ! -d "$fx_item_dir" ] || fx_remove_as_root; done
}

fx_end_removal() {
  : >"$fx_dir/killing"
  fx_kill_packers
}
