"""Command lines to paste, shown in help texts; ``{names}`` are the experiments that were named."""

EXAMPLES = """\
run {names}
run {names} --ratings my.csv --split leave-one-out
run {names} --seeds 0,1,2 --out runs/mine
compare ease retrieval
compare popularity ease retrieval --ratings my.csv
compare ease retrieval --budget 5 --split temporal-global
tune {names}
tune {names} --trials 100 --split stratified
tune {names} --ratings my.csv --out runs/better.json
ablate logq --split stratified
ablate bias temperature --seeds 0,1,2
ablate parts --ratings my.csv --out runs/parts
recommend --ratings my.csv --user 42
recommend runs/mine --user 42
recommend runs/mine --history 50,172:4
index runs/mine
index runs/mine --target-recall 0.999
index runs/mine --remove 50,172
export runs/mine exports/mine
export runs/mine exports/mine --index brute-force
export runs/mine exports/mine --min-recall 0.99
serve exports/mine
serve exports/mine --port 8080 --name movies
serve exports/mine --model other=exports/other
report runs/mine
report runs/mine runs/other --out both.html
report runs/compare-100k-20261124-120000
runs list
runs list --sort ndcg@10 --dataset 100k
runs list --experiment retrieval --split leave-one-out
runs compare mine other
runs compare mine other --metrics recall@20 rmse
runs compare mine other --json
runs drift exports/mine --events later.csv
runs delete mine
runs delete mine other --yes
runs delete old --root elsewhere
demo
demo runs/mine
demo --no-browser --port 8080
replay runs/mine
replay runs/mine --retrain-every 5000
replay exports/mine --test later.csv --k 20
replay exports/old exports/new --test later.csv
score --topk lists.csv --truth test.csv
score --topk lists.csv --truth test.csv --seen train.csv
score --topk lists.csv --truth test.csv --columns user_id=who,rank=place
data info 100k
data info 1m --data-dir ml-1m.zip
data info 100k --json
data prepare 100k
data prepare 1m --data-dir ml-1m.zip
data prepare 25m
data shards --ratings my.parquet --out shards
data shards --dataset 1m --out shards --shards 8
data shards --ratings my.csv --split leave-one-out --out shards --asked 10000
""".splitlines()
