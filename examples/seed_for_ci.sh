#!/bin/sh
# Fills the market at INSTASELL_URL for a run of tests: people, goods, auctions and bids of a seed,
# and a seller's own file. Run again it changes nothing, and prints the same ids.
#
#   INSTASELL_ADMIN_TOKEN=... INSTASELL_SELLER_TOKEN=... sh examples/seed_for_ci.sh
#
# INSTASELL_ADMIN_TOKEN may create categories, INSTASELL_SELLER_TOKEN owns the file's listings.
# INSTASELL names the command where it is not on the PATH. Ids go to stdout as JSON lines,
# everything else to stderr.
set -eu

instasell=${INSTASELL:-instasell}
seed=${SEED:-42}
here=$(dirname "$0")
: "${INSTASELL_ADMIN_TOKEN:?is needed: instasell auth token --profile admin}"
: "${INSTASELL_SELLER_TOKEN:?is needed: instasell auth token --profile seller}"

printf '%s\n' 'Watches' 'Toys > Trains' 'Home > Lamps' |
  INSTASELL_TOKEN=$INSTASELL_ADMIN_TOKEN $instasell categories import - >&2

$instasell seed --users 6 --listings 40 --auctions 8 --bids 24 --seed "$seed" >&2

INSTASELL_TOKEN=$INSTASELL_SELLER_TOKEN $instasell listings import "$here/seller.csv" \
  --map Name=title -o jsonl | sed 's/"outcome": "[a-z]*", //'

$instasell auctions live --limit 0 --sort ending -o jsonl --fields auction_id,listing_id,title
