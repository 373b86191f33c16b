"""Reading users' own files: unpacking, decoding, column names, ids, ratings, times and repeated events."""
