# --- The last words of a program that has failed. Part of the bootstrap, and of the job.

# Prints the last line of `err`, fit to stand in a mark.
fx_words() { tail -n1 "$fx_dir/err" | tr -d "\0-\37" | tail -c600; }
