#!/bin/sh
# ccrun.sh BASE_URL [arguments of claude...]
# Runs Claude Code isolated: an empty environment and a HOME of its own, in which no account and no setting is found.
#   CC_AUTH     the variable that holds the key (ANTHROPIC_AUTH_TOKEN=…)
#   CC_ENV      further variables: "A=1 B=2"
#   CC_CWD      the folder it works in (scratch/ beside this file)
#   CC_TIMEOUT  seconds after which it is ended (90)
D=${CC_DIR:-$(cd "$(dirname "$0")" && pwd)}
BASE=$1
shift
mkdir -p "$D/home" "$D/scratch"
cd "${CC_CWD:-$D/scratch}" || exit 1
# Without quotes: CC_AUTH and CC_ENV are lists of words.
# shellcheck disable=SC2086
exec env -i HOME="$D/home" PATH="$D/node_modules/.bin:/usr/local/bin:/usr/bin:/bin" TERM=dumb LANG=C.UTF-8 \
  ANTHROPIC_BASE_URL="$BASE" DISABLE_AUTOUPDATER=1 ${CC_AUTH:-ANTHROPIC_AUTH_TOKEN=none} $CC_ENV \
  timeout "${CC_TIMEOUT:-90}" "$D/node_modules/.bin/claude" "$@" </dev/null
