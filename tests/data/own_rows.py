"""A small ratings file of anybody's: three users, some items, real times."""

HEADER = "user_id,movie_id,user_rating,timestamp"
ROWS = ["u1,a,5,1500000100", "u1,b,4,1500000200", "u2,a,2,1500001100", "u2,c,3,1500001200", "u3,b,1,1500002100"]
