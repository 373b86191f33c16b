"""Content-based retrieval: movies are what is known of them, users what they rated and who they are."""
