"""Golden vectors through every stage; names the first stage that diverges."""
