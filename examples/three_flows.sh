#!/usr/bin/env bash
# The three ways through a market, from end to end on the command line: an auction, an order with
# its money in escrow, and a dispute that an admin decides. After each step that moves money the
# wallets are shown, and the books are proven.
#
#   instasell serve                 # in another terminal
#   bash examples/three_flows.sh
#
# The market has to be one of your own: an admin is made with instasell-server. Mail addresses and
# profiles carry a number of their own, so that the script can be run again.
set -euo pipefail

run=$(date +%s)$$
sam=sam-$run bea=bea-$run ron=ron-$run ada=ada-$run

say() { printf '\n== %s\n' "$*"; }

# The first value of a field that a command prints.
field() { local name=$1; shift; "$@" -o csv --fields "$name" | tail -n 1; }

books() {
  for who in "$sam" "$bea"; do
    echo "-- wallet of ${who%%-*}"
    instasell wallet history --profile "$who" --account balance -o csv \
      --fields type,amount,balance_after
  done
  instasell-server audit --auctions
}

# What a person does in a browser on the payment provider's page.
press_pay() {
  python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], b"action=pay").close()' "$1"
}

# The order is paid when the provider's signed message has come, not when a request says so.
await_status() {
  for _ in $(seq 100); do
    [ "$(field status instasell orders show "$1" --profile "$2")" = "$3" ] && return
    sleep 0.2
  done
  echo "the order $1 has not become $3" >&2
  return 1
}

join() {
  instasell auth signup --profile "$1" --role "$2" --name "${1%%-*}" --email "$1@example.org" \
    --password-stdin <<< "a quiet harbour" > /dev/null
}

say "People: Sam sells, Bea and Ron buy, Ada is the admin"
join "$sam" seller
join "$bea" buyer
join "$ron" buyer
instasell-server create-admin --email "$ada@example.org" <<< "keeper of the light" > /dev/null
instasell auth login --profile "$ada" --email "$ada@example.org" --password-stdin \
  <<< "keeper of the light" > /dev/null
instasell categories create "Maps > Sea $run" --profile "$ada" > /dev/null

say "Flow 1, an auction: 10 seconds, and 6 more after a bid in its last 6"
listing=$(field id instasell listings create --profile "$sam" --type auction \
  --condition refurbished --title "Brass sextant" --category "Maps > Sea $run")
auction=$(field auction_id instasell auctions create "$listing" --profile "$sam" \
  --min-bid 80.00 --duration 10s --extension-window 6s --extension 6s)
instasell auctions bid "$auction" --max 120.00 --profile "$bea" --yes
sleep 5
echo "Ron bids late; extended: $(field auction_extended instasell auctions bid "$auction" 90.00 \
  --profile "$ron" --yes)"
instasell auctions watch "$auction"
instasell-server audit --auctions

say "Flow 2, order and escrow: Bea has won, and pays on the provider's page"
order=$(field id instasell orders list --profile "$bea")
press_pay "$(instasell orders pay "$order" --profile "$bea")"
await_status "$order" "$bea" processing
echo "paid; in escrow: $(field held_amount instasell orders show "$order" --profile "$bea")"
books

say "Sam ships, Bea confirms: the money is Sam's"
instasell orders ship "$order" --profile "$sam" --carrier "Harbour Post" --tracking "HP-$run" \
  > /dev/null
instasell orders confirm "$order" --profile "$bea" --yes > /dev/null
echo "order: $(field status instasell orders show "$order" --profile "$bea")"
books

say "Flow 3, a dispute: Bea buys a lamp, and it comes broken"
lamp=$(field id instasell listings create --profile "$sam" --condition new --title "A lamp" \
  --category "Maps > Sea $run" --price 40.00)
order=$(field id instasell orders buy "$lamp" --profile "$bea" --yes)
press_pay "$(instasell orders pay "$order" --profile "$bea")"
await_status "$order" "$bea" processing
instasell orders ship "$order" --profile "$sam" --carrier "Harbour Post" --tracking "HL-$run" \
  > /dev/null
dispute=$(field id instasell disputes open "$order" --profile "$bea" --reason damaged \
  --text "The glass is broken")
instasell disputes reply "$dispute" --profile "$sam" --text "It was whole when it left" > /dev/null
echo "order: $(field status instasell orders show "$order" --profile "$bea"); nothing moves"
books

say "Ada looks at it, and decides: 15.00 back to Bea, the rest to Sam"
instasell admin disputes list --profile "$ada" --status open --fields title,held_amount
instasell admin disputes resolve "$dispute" --profile "$ada" --refund 15.00 \
  --reason "The glass, as on the pictures" --yes > /dev/null
echo "Bea is notified: $(field kind instasell notifications list --profile "$bea" --limit 1)"
echo "order: $(field status instasell orders show "$order" --profile "$bea")"
books
