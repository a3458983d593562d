#!/bin/sh
# Fills the market at INSTASELL_URL for a run of tests: the users, listings, auctions and bids of
# market.yaml, or of the file that is named. Run again it changes nothing, and prints the same ids.
#
#   ids=$(INSTASELL_ADMIN_TOKEN=... sh examples/seed_for_ci.sh)
#   auction=$(printf '%s' "$ids" | jq -r .auctions.sextant)
#
# INSTASELL_ADMIN_TOKEN is an admin's (instasell auth token --profile admin) and needed as long as
# categories are missing. INSTASELL_SEED_PASSWORD is the password of all users without their own;
# a market on another machine needs it. INSTASELL names the command where it is not on the PATH.
# The ids go to stdout as JSON, everything else to stderr.
set -eu

instasell=${INSTASELL:-instasell}
file=${1:-$(dirname "$0")/market.yaml}

# A market that is just starting may take a moment; one that is not there at all is an error.
tries=0
until $instasell api GET /readyz > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    echo "the market does not answer:" >&2
    $instasell api GET /readyz > /dev/null
    exit 1
  fi
  sleep 1
done

$instasell seed apply "$file"
