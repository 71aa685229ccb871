/**
 * The script that travels in a snapshot as `.mailkeep/to-maildir.sh`: whoever has nothing but stock restic makes a Maildir
 * of what it restored. POSIX, and only what every system has: `sed`, `ln` or `cp`, `mkdir`.
 *
 * Messages keep UIDs, flags and dates; keywords stay in `messages.jsonl`. It adds only: a second run changes nothing, and
 * a Maildir that has a `dovecot-uidlist` already is refused, as its UIDs are others.
 */
export const toMaildirScript: string = `#!/bin/sh
# Makes a Maildir of a mail account that was restored with restic:
#   restic restore latest --target /tmp/restored
#   sh /tmp/restored/.mailkeep/to-maildir.sh /tmp/Maildir
# Messages are linked where they can be, else copied; nothing in the restored folder is changed.
# Flags, dates and UIDs are kept. Keywords stay in the messages.jsonl of each block: mailkeep restore brings them, too.
set -eu
umask 077
if [ $# -ne 1 ] || [ -z "$1" ]; then
  echo "usage: sh to-maildir.sh MAILDIR" >&2
  exit 2
fi
tree=$(CDPATH= cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
maildir=$(CDPATH= cd "$1" && pwd)
value() { sed -n 's/.*"'"$2"'":"\\([^"]*\\)".*/\\1/p' "$1" | head -n 1; }
number() { sed -n 's/.*"'"$2"'":\\([0-9]*\\).*/\\1/p' "$1" | head -n 1; }
count=0
for folder in "$tree"/folders/*/; do
  [ -f "\${folder}mailbox.json" ] || continue
  target=$maildir/$(value "\${folder}mailbox.json" maildir)
  target=\${target%/}
  validity=$(number "\${folder}mailbox.json" uidValidity)
  next=$(number "\${folder}mailbox.json" uidNext)
  list=$target/dovecot-uidlist
  if [ -e "$list" ] && ! head -n 1 "$list" | grep -q "^3 V$validity N$next to-maildir"; then
    echo "$target has messages of its own: give an empty folder" >&2
    exit 1
  fi
  mkdir -p "$target/cur" "$target/new" "$target/tmp"
  [ "$target" = "$maildir" ] || : > "$target/maildirfolder"
  echo "3 V$validity N$next to-maildir" > "$list.new"
  for block in "$folder$validity".*/; do
    for file in "$block"*:2,*; do
      [ -f "$file" ] || continue
      name=\${file##*/}
      uid=\${name%%:*}
      base=$validity.$uid.mailkeep
      final=$target/cur/$base:2,\${name#*:2,}
      if [ ! -e "$final" ] && ! ln "$file" "$final" 2>/dev/null; then
        cp -p "$file" "$target/tmp/$base"
        mv "$target/tmp/$base" "$final"
      fi
      echo "\${uid#"\${uid%%[!0]*}"} :$base" >> "$list.new"
      count=$((count + 1))
    done
  done
  mv "$list.new" "$list"
done
echo "$count messages in $maildir"
`;
