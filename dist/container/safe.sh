# --- What no other user of the container can replace.
#
# Part of the bootstrap, of the command that stops a job, and of the job. Comments and indentation are not sent in a command.

# fx_safe PATH...: whether no other user can replace what these absolute paths name. The file, each directory above it and each link on
# the way have to belong to root or to us. Others may write to none of them, except to sticky directories. What is in one of these has to
# be a directory to which no other user may write: a link or a file may be root's, and another user may have moved it from a directory of
# that user's. (To move a directory takes the right to write to it: rename(2), EACCES.) A sticky directory is not safe with a slash at its
# end. Sets fx_on to the last path with its links resolved. A call for many paths starts as few processes as a call for one path.
fx_safe() {
  for fx_to; do
    shift
    fx_on="" fx_to=$fx_to/
    while [ "$fx_to" ]; do
      # A link may lead back to itself.
      [ $# -lt 499 ] || return
      # `/.` in front of its path marks what is in a sticky directory.
      fx_k=
      [ -k "$fx_on/" ] && fx_k=/.
      fx_on=$fx_on/${fx_to%%/*} fx_to=${fx_to#*/}
      set -- "$@" "$fx_k$fx_on"
      [ -L "$fx_on" ] && {
        fx_to=$(ls -ld "$fx_on")/$fx_to
        fx_to=${fx_to#* -> } fx_on=${fx_on%/*}
        case $fx_to in /*) fx_on= ;; esac
      }
    done
  done
  # Each has to have its good line of `ls`, so what is not there is not safe. A name with a line end could look like such lines.
  case $* in *"
"*) return 1 ;; esac
  # A name may be a pattern: another user could give it files of the working directory, each with a good line.
  set -f
  fx_k=$# IFS="
"
  # shellcheck disable=SC2046 # it is to be split into lines
  set -- $(ls -ldn "$@")
  unset IFS
  for fx_l; do
    # shellcheck disable=SC2086 # it is to be split into words
    set -- $fx_l
    # The third word is the owner's number.
    # shellcheck disable=SC2254 # a number is no pattern
    case $3 in
      0 | $fx_uid) case $fx_l in
        [!d]*" /.//"* | ?????????t*" /.//"*) ;;
        l* | d????????t* | [d-]????-??-*) : $((fx_k -= 1)) ;;
      esac ;;
    esac
  done
  set +f
  [ $fx_k = 0 ]
}
