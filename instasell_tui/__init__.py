"""The terminal screen of InstaSell: a board of live auctions, and one auction to bid on."""
