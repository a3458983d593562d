#!/bin/sh
# A seller's day on the command line: listings come from a spreadsheet, two are auctioned, one is
# sold, one finds nobody; a winner backs out, a buyer wants something back, and in the evening the
# money goes to the bank.
#
#   instasell serve                 # in another terminal
#   sh examples/sellers_day.sh
#
# The market has to be one of your own: categories need an admin, who is made with
# instasell-server. Mail addresses and profiles carry a number of their own, so that the script can
# be run again. Everything that Sam does is a command that begins with `sam`.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
run=$(date +%s)$$
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sam() { instasell "$@" --profile "sam-$run"; }
bea() { instasell "$@" --profile "bea-$run"; }
ron() { instasell "$@" --profile "ron-$run"; }

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

join() {
  echo "a quiet harbour" | instasell auth signup --profile "$1-$run" --role "$2" --name "$1" \
    --email "$1-$run@example.org" --password-stdin > /dev/null
}

# Bea pays on the page, and has the market ask the provider instead of waiting for its message.
pay() {
  press "$(bea orders pay "$1")"
  bea orders confirm-payment "$1" > /dev/null
}

say "People: Sam sells, Bea and Ron buy"
join sam seller
join bea buyer
join ron buyer
# Only an admin may create categories; this one is made for the moment.
echo "categories: [Watches, Toys > Trains, Home > Lamps]" |
  instasell seed apply - --create-admin > /dev/null

say "Morning: the spreadsheet goes up, and comes back as it is"
sam listings import "$here/seller.csv" --map Name=title --errors "$work/rejects.csv" \
  -o csv --fields seller_sku,outcome
sam listings export -o jsonl > "$work/listings.jsonl"
sam listings import "$work/listings.jsonl" > /dev/null

# The id of the listing with a number of the spreadsheet.
listing_of() {
  sed -n "/\"seller_sku\": \"$1\"/s/.*\"listing_id\": \"\([^\"]*\)\".*/\1/p" "$work/listings.jsonl"
}
strap=$(listing_of W-002)
watch=$(listing_of W-003)
engine=$(listing_of T-001)
lamp=$(listing_of L-002)

say "Three auctions: the watch and the engine now, the lamp tonight"
watch_auction=$(field auction_id sam auctions create "$watch" --min-bid 40.00 --duration 14s)
bea auctions bid "$watch_auction" --max 60.00 --yes > /dev/null
ron auctions bid "$watch_auction" --max 80.00 --yes > /dev/null
engine_auction=$(field auction_id sam auctions create "$engine" --min-bid 900.00 --duration 5s)
sam auctions create "$lamp" --min-bid 10.00 --start +8h --duration 3d -o csv \
  --fields title,status
sam auctions wait "$watch_auction" --for bid --after-seq 1 -o csv --fields title,bid_count
sam auctions bids "$watch_auction" -o csv --fields bidder_name,amount,price

say "A question while the auctions run, and a strap sold at its price"
bea messages send --listing "$strap" "Does it fit a watch of 1962?" > /dev/null
question=$(field id sam messages list --limit 1)
sam messages send --conversation "$question" "Yes, it is 18 mm wide." > /dev/null
order=$(field id bea orders buy "$strap" --yes)
pay "$order"
sam orders ship "$order" --carrier "Harbour Post" --tracking "HP-$run" > /dev/null
sam messages send --order "$order" "It is on its way." > /dev/null
echo "It came with a scratch, so a part goes back:"
sam orders refund "$order" --amount 4.50 --reason "A scratch" --yes -o csv \
  --fields status,held_amount
bea orders confirm "$order" --yes > /dev/null

say "The auctions are over"
sam auctions wait "$watch_auction" "$engine_auction" --for ended --timeout 5m -o csv \
  --fields title,winner,current_bid
echo "The engine found nobody, and goes up again for less:"
sam auctions relist "$engine_auction" --min-bid 450.00 --duration 3d -o csv --fields title,min_bid

say "Ron backs out, and the watch is offered to Bea at her own last bid"
ron orders cancel "$(field order_id sam auctions selling --part sold)" --yes > /dev/null
offered=$(field id sam auctions offer-runner-up "$watch_auction")
pay "$offered"
sam orders list -o csv --fields title,status,total_amount,refunded_amount

say "Evening: what came in, and the money goes to the bank"
sam wallet history --account balance -o csv --fields type,amount,balance_after
press "$(field onboarding_url sam wallet payout-account)"
instasell-server mail --to "sam-$run@example.org" --json |
  sed -n 's/.*Token:[\]n[\]n *\([A-Za-z0-9_-]*\).*/\1/p' | head -n 1 |
  sam auth verify - > /dev/null
sam wallet withdraw 20.00 --yes > /dev/null
tries=0
until [ "$(field status sam wallet withdrawals)" = succeeded ] || [ "$tries" -gt 60 ]; do
  tries=$((tries + 1))
  sleep 0.5
done
sam wallet withdrawals -o csv --fields amount,status
sam wallet show -o csv --fields balance
instasell-server audit --auctions
