"""Reading anybody's file: unpacking, decoding, column names, ids, ratings, times and repeated events."""
