# The loader for a payload that the session carries, when the container can unpack it. It is typed after the assignments
# of loader.ts and before the payload. A terminal gives one line to each read, so dd takes fx_lines lines and nothing of
# what follows. The shell would read them byte by byte.
fx_begin_loading
fx_tried=''
fx_check_directory
fx_say "$fx_nonce;n Script typed into the session: there is no bucket."
dd bs=4096 count="$fx_lines" <&3 2>/dev/null | base64 -d | gzip -d >"$fx_dir/payload" &
fx_unpacking=$!
# The job needs the survey, too. Made here, it runs while the payload comes, which takes about as long.
fx_survey
wait "$fx_unpacking"
fx_verify typed || fx_refuse download "$fx_tried"
