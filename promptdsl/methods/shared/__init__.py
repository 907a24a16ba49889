"""What several methods use: words, memories, maps, learned weights."""
