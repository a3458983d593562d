#!/bin/sh
# An admin's day on the command line: what the market found by itself overnight, a user who is
# stopped and let in again, a dispute that is read and decided, an order with its money, and in the
# evening the figures and the log of all that was done.
#
#   instasell serve                 # in another terminal
#   sh examples/admins_day.sh
#
# The market has to be one of your own: the admin is made with instasell-server. Users and listings
# come from a file below, with a number of their own, so that the script can be run again.
set -eu

run=$(date +%s)$$
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ada() { instasell "$@" --profile "ada-$run"; }
sam() { instasell "$@" --profile "sam-$run"; }
bea() { instasell "$@" --profile "bea-$run"; }
mal() { instasell "$@" --profile "mal-$run"; }

say() { printf '\n== %s\n' "$*"; }

# The first value of a field that a command prints.
field() {
  wanted=$1
  shift
  rows=$("$@" -o csv --fields "$wanted")
  printf '%s\n' "$rows" | tail -n 1
}

# What a person does in a browser on a page of the payment provider.
press() {
  python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], b"action=pay").close()' "$1"
}

enter() {
  echo "$2" | instasell auth login --profile "$1-$run" --email "$1-$run@example.org" \
    --password-stdin > /dev/null
}

say "A market with people and listings; Ada is its admin"
echo "keeper of the light" |
  instasell-server create-admin --email "ada-$run@example.org" > /dev/null
enter ada "keeper of the light"
ada seed apply - -o csv > "$work/ids.csv" << EOF
users:
  - {name: sam, email: sam-$run@example.org, role: seller, password: a quiet harbour}
  - {name: bea, email: bea-$run@example.org, password: a quiet harbour}
  - {name: mal, email: mal-$run@example.org, password: a quiet harbour}
categories: [Maps]
listings:
  - {name: map, seller: sam, title: A map of the coast, category: Maps, condition: new,
     price: 40.00, stock: 5}
  - {name: globe, seller: sam, type: auction, title: A globe, category: Maps, condition: new}
auctions:
  - {name: globe, listing: globe, min_bid: 10.00, duration: 1h}
EOF
map=$(sed -n 's/^listings,map,//p' "$work/ids.csv")
globe=$(sed -n 's/^auctions,globe,//p' "$work/ids.csv")
for person in sam bea mal; do
  enter "$person" "a quiet harbour"
done

say "Morning: what the market found by itself overnight"
# Payments that fit no order, refunds and mails that failed, chargebacks. One that has been dealt
# with is put away by: instasell admin alerts close ID
ada admin alerts list --open -o csv --fields created_at,kind,subject

say "Mal is reported: found, stopped, heard, and let in again"
ada admin users list --q "mal-$run" -o csv --fields email,role,status
ada admin users suspend "mal-$run@example.org" --reason "Said to bid for a friend" --yes \
  -o csv --fields status
if mal auctions bid "$globe" 12.00 --yes 2> "$work/refused"; then
  echo "a suspended account has bid" >&2
  exit 1
fi
cat "$work/refused"
ada admin users unsuspend "mal-$run@example.org" --reason "It was another person" --yes \
  -o csv --fields status
enter mal "a quiet harbour"
mal auctions bid "$globe" 12.00 --yes -o csv --fields amount,outcome

say "A dispute: read both sides, and decide"
order=$(field id bea orders buy "$map" --yes)
press "$(bea orders pay "$order")"
bea orders confirm-payment "$order" > /dev/null
sam orders ship "$order" --carrier "Harbour Post" --tracking "HP-$run" > /dev/null
dispute=$(field id bea disputes open "$order" --reason damaged --text "It came torn in two")
sam disputes reply "$dispute" --text "It was whole when it left" > /dev/null
ada admin disputes list --status open --limit 1 -o csv --fields title,held_amount
ada admin disputes show "$dispute"
ada admin disputes resolve "$dispute" --refund 25.00 --reason "As on the pictures" --yes \
  -o csv --fields status,refund_amount
ada admin orders show "$order"

say "Evening: the figures, the log, and the books"
ada admin analytics --bucket week
ada admin analytics --bucket week --plot bids
ada admin audit-log --admin "ada-$run@example.org" -o csv --fields action,reason
instasell-server audit --auctions
