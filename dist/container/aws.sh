# --- The AWS CLI of the image, and the modules of its python3. One of these is boto3.
#
# Part of the loader, and of the uploader.

# fx_find_bad_modules: sets fx_modules to a directory that another user can replace and in which the python3 in fx_file looks
# for modules. False when there is none.
fx_find_bad_modules() {
  set --
  for fx_prefix in "${fx_file%/*/*}" "${fx_on%/*/*}" /usr/local; do
    for fx_modules in "$fx_prefix"/lib* "$fx_prefix"/lib*/python3* "$fx_prefix"/lib*/python3*/*-packages; do
      [ ! -e "$fx_modules" ] || set -- "$@" "$fx_modules"
    done
  done
  [ $# = 0 ] || fx_safe "$@" || for fx_modules in "$@"; do
    fx_safe "$fx_modules" || return 0
  done
  false
}

# Sets fx_aws to `aws`, which is a script in some images. False when there is none, or when another user can replace what runs
# it.
fx_find_aws() {
  fx_tool aws || return
  fx_aws=$fx_file
  read -r fx_line <"$fx_aws"
  case $fx_line in
    '#!'*)
      # shellcheck disable=SC2086 # it is to be split into words
      set -- ${fx_line#??}
      if [ "${1##*/}" = env ]; then fx_tool "$2"; else fx_file=$1 && fx_safe "$1"; fi && ! fx_find_bad_modules
      ;;
  esac
}
