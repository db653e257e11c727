# --- The directory of a batch. When the script has written something into it, a process of the script's user packs that, as it packs artifacts
# (artifacts.sh). What it prints are facts (items.sh).

# Tells what is in the directory of the batch: each line of the packer is a fact. Then removes it. Once the workers are being killed it tells
# nothing more: a job that was cancelled has to end.
fx_bring_item_dir() {
  fx_find_archiver
  (fx_apart fx_print_item_dir) 2>>"$fx_dir/err" </dev/null 9<&-
  [ ! -e "$fx_dir/killing" ] || fx_tell_own_fact "pack $fx_order $fx_first fcut"
  fx_remove_item_dir
}

# The packer belongs to the script's user, so it has no pipe of facts.
fx_print_item_dir() {
  fx_pack fx_with_item_dir 2880 7</dev/null 8>&- | fx_pass_records "$fx_dir/killing" "pack $fx_order $fx_first " >&8
}

# The most files and bytes of a directory, and a glob for all that is in it.
fx_with_item_dir() { "$@" "$fx_item_dir" 1000 16777216 + '' '' '.*'; }

# Removes fx_item_dir. As long as another user owns what is in it, a directory there may become a link while root removes what it holds.
# A link in its place, which a script of root can put there, is only removed.
fx_remove_item_dir() {
  [ -z "$fx_user" ] || [ -L "$fx_item_dir" ] || (cd "$fx_item_dir" && fx_take_over)
  rm -rf "$fx_item_dir"
} 2>/dev/null

# Makes the directory that this shell is in ours, and all directories below it: from the top down, so that nobody exchanges a name on the way.
fx_take_over() {
  chown "$fx_uid" . && chmod 700 . || return
  for fx_below in * .[!.]* ..?*; do
    [ ! -d "$fx_below" ] || [ -L "$fx_below" ] || (cd "./$fx_below" && fx_take_over)
  done
}

# Removes the directories of workers whose shells were killed.
fx_remove_item_dirs() {
  for fx_item_dir in "$fx_dir"/item.*; do [ ! -d "$fx_item_dir" ] || fx_remove_item_dir; done
}
