# --- Files of the workspace, which the payload brings. They are placed before the script starts, and belong to its user.

# Places the files, unless the check has found a flaw that they can't mend. Sets fx_flaw when that fails. A working directory that is
# not there is made only as a part of a destination.
fx_bring_files() {
  case $fx_flaw in
    # The shell of the script may be among them.
    '' | shell:*) ;;
    directory:*) [ ! -e "${fx_workdir:-.}" ] || return 0 ;;
    *) return ;;
  esac
  fx_flaw=
  if [ -z "$fx_python3" ] || { fx_place_by_python && [ "$fx_status" = 3 ]; }; then fx_place_by_tar; fi
  # A user whom modes bind removes nothing from a directory that isn't open to that user.
  rm -rf "$fx_dir/files" "$fx_dir/stage" 2>/dev/null || { chmod -R u+rwx "$fx_dir/stage" && rm -rf "$fx_dir/stage"; } 2>/dev/null
  [ "$fx_flaw" ] || fx_check
}

# Places them by python3, which can hold a directory open while it places something there. fx_status is 3 when that python3 lacks
# the module tarfile.
fx_place_by_python() {
  fx_status=0
  fx_with_destinations "$fx_python3" -I -S -c "$fx_place_py" "${fx_as_uid:--1}" "${fx_as_gid:--1}" "$fx_workdir" \
    <"$fx_dir/files" >/dev/null 2>"$fx_dir/err" || fx_status=$?
  [ "$fx_status" = 0 ] || [ "$fx_status" = 3 ] || fx_flaw="files: $(fx_words)"
}

# Places them by tar and place.sh. tar unpacks into a directory that no other user can enter. place.sh moves the files from there
# as root, or as the script's user where only that user could plant a link.
fx_place_by_tar() {
  if ! fx_tool tar; then
    fx_flaw="files: nothing in the image can unpack them (python3, tar)${fx_bad:+; another user can replace $fx_bad}"
  elif [ "$fx_pax" ] && ! "$fx_file" --version 2>/dev/null | grep -q 'GNU\|bsdtar'; then
    fx_flaw='files: a name or a link is longer than the tar of the image can read, and the image has no python3'
  elif ! { mkdir "$fx_dir/stage" && (fx_apart "$fx_file" -xpof "$fx_dir/files" -C "$fx_dir/stage") >/dev/null 2>"$fx_dir/err"; }; then
    fx_flaw="files: $(fx_words)"
  elif [ -z "$fx_user" ]; then
    fx_flaw=$(fx_place_as '' "$fx_uid")
  else
    # That user can't enter the stage while root moves files out of it.
    chown -hR "$fx_as_uid:$fx_as_gid" "$fx_dir/stage"/*
    fx_flaw=$(fx_place_as "$fx_as_uid:$fx_as_gid" "$fx_uid")
    [ -z "$fx_flaw" ] || ! fx_lend "$fx_dir/stage" || {
      fx_said=$(fx_place_as '' "$fx_as_uid" fx_as_user exec)
      fx_flaw=${fx_said:+$fx_flaw; as $fx_user: ${fx_said#files: }}
    }
  fi
}

# fx_place_as OWNER UID [WORD...]: runs place.sh, behind these words. Prints the flaw.
fx_place_as() {
  fx_owner=$1 fx_by_uid=$2
  shift 2
  fx_said=$(fx_with_destinations "$@" /bin/sh -c "$fx_place_sh" sh "$fx_by_uid" "$fx_owner" "$fx_dir/stage" "$fx_workdir" 2>"$fx_dir/err") ||
    printf 'files: %s' "${fx_said:-$(fx_words)}"
}
