"""The auctions and listings of a seller."""
