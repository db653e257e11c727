# Becomes the program of `fargate-exec shell`, on its terminal, behind enter.sh. Its words are the arguments; without any it is bash where the
# image has it, else sh. The variables beside them:
#
#     fx_about     the file that a job has left (keep.sh); it may be missing
#     fx_wanted    the id of the run whose job it has to be, else empty
#     fx_given     the variables of the command line, as calls of fx_set
#     fx_workdir   the directory that the command line names, else empty
#     fx_term      the type of the user's terminal
#
# Once the first variable is set, only the arguments are run: no variable can change what that is.
fx_set() { export "$1=$2"; }
fx_say() { printf 'fargate-exec: %s\n' "$1"; }
# A terminal whose description the image lacks would be of no use to its programs. The exec agent's is the usual one.
# shellcheck disable=SC2154 # the environment has it
for fx_in in /etc /lib /usr/share /usr/lib; do
  [ ! -e "$fx_in/terminfo/${fx_term%"${fx_term#?}"}/$fx_term" ] || TERM=$fx_term
done
export TERM="${TERM:-xterm-256color}"
fx_directory='' fx_line=''
# shellcheck disable=SC2154 # the environment has it
[ ! -e "$fx_about" ] || read -r fx_line <"$fx_about"
if [ "$fx_wanted" ] && [ "$fx_line" != "# $fx_wanted" ]; then
  fx_say 'The job has left no directory and no variables in this container.'
elif [ "$fx_line" ]; then
  # shellcheck disable=SC1090 # keep.sh writes it
  . "$fx_about"
fi
# shellcheck disable=SC2154 # the environment has it
eval "$fx_given"
if [ "$fx_workdir" ]; then
  fx_enter "$fx_workdir" || exit 126
else
  fx_enter "$fx_directory" || fx_say "The job's directory can't be entered: $fx_directory"
fi
unset fx_about fx_wanted fx_given fx_workdir fx_term
[ $# -gt 0 ] || if command -v bash >/dev/null; then set -- bash; else set -- sh; fi
exec "$@"
