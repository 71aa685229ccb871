/** The line that ends the secret and begins the input. */
const endOfSecret = '=== mailkeep: the input begins ===';

/**
 * A script for any POSIX shell, run as `sh -c SCRIPT mailkeep MODE HOME CANDIDATES PARAMETERS…` where the database is, in a
 * container or not. It runs the first of the candidates that is there.
 *
 * - What a program must know and nobody may see comes first on the standard input. It goes into a file that has no name any
 *   more when the secret is written, and is open as /dev/fd/3: it is in no command line, no variable, and nothing stays.
 * - With a secret of our own, HOME leads nowhere, so that no other password is found there first.
 * - `watched`: the standard input is a lifeline. Ending `docker exec` does not end what it started, but its standard input then
 *   ends, also when we are killed: the program is ended with it.
 * - `fed`: the rest of the standard input is the program's.
 */
export const programScript = `
mode=$1; home=$2; candidates=$3; shift 3
umask 077
program=
for candidate in $candidates; do
  if command -v "$candidate" >/dev/null 2>&1; then program=$candidate; break; fi
done
if [ -z "$program" ]; then echo "mailkeep: not there: $candidates" >&2; exit 127; fi
secret=
for folder in "\${TMPDIR:-/tmp}" /dev/shm /run; do
  secret=$(mktemp "$folder/mailkeep.XXXXXXXXXX" 2>/dev/null) && break
done
if [ -z "$secret" ]; then echo "mailkeep: no folder for a temporary file" >&2; exit 126; fi
exec 3<>"$secret"
rm -f "$secret"
while IFS= read -r line && [ "$line" != "${endOfSecret}" ]; do printf '%s\\n' "$line" >&3; done
line=
LC_ALL=C; export LC_ALL
if [ -n "$home" ]; then HOME=$home; PGPASSFILE=/dev/fd/3; export HOME PGPASSFILE; fi
if [ "$mode" = fed ]; then exec "$program" "$@"; fi
exec 4<&0
"$program" "$@" </dev/null 4<&- &
child=$!
( while IFS= read -r line; do :; done <&4
  kill "$child"; sleep 5; kill -9 "$child" ) </dev/null >/dev/null 2>&1 &
watcher=$!
exec 4<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/** What the script reads first. */
export const secretInput = (secret: string): string =>
  `${secret}${secret === '' || secret.endsWith('\n') ? '' : '\n'}${endOfSecret}\n`;
