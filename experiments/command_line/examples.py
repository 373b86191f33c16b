"""Command lines to paste, shown in help texts."""

EXAMPLES = {
    "run": (
        "run {names}",
        "run {names} --ratings my.csv --split leave-one-out",
        "run {names} --seeds 0,1,2 --out runs/mine",
    ),
    "compare": (
        "compare ease retrieval",
        "compare popularity ease retrieval --ratings my.csv",
        "compare ease retrieval --budget 5 --split temporal-global",
    ),
    "tune": (
        "tune {names}",
        "tune {names} --trials 100 --split stratified",
        "tune {names} --ratings my.csv --out runs/better.json",
    ),
    "ablate": (
        "ablate logq --split stratified",
        "ablate bias temperature --seeds 0,1,2",
        "ablate parts --ratings my.csv --out runs/parts",
    ),
    "recommend": (
        "recommend --ratings my.csv --user 42",
        "recommend runs/mine --user 42",
        "recommend runs/mine --history 50,172:4",
    ),
    "index": ("index runs/mine", "index runs/mine --target-recall 0.999", "index runs/mine --remove 50,172"),
    "export": (
        "export runs/mine exports/mine",
        "export runs/mine exports/mine --index brute-force",
        "export runs/mine exports/mine --min-recall 0.99",
    ),
    "serve": (
        "serve exports/mine",
        "serve exports/mine --port 8080 --name movies",
        "serve exports/mine --model other=exports/other",
    ),
    "report": (
        "report runs/mine",
        "report runs/mine runs/other --out both.html",
        "report runs/compare-100k-20261124-120000",
    ),
    "runs": ("runs", "runs --sort ndcg@10 --dataset 100k", "runs compare mine other", "runs delete mine"),
    "runs list": ("runs", "runs list --sort ndcg@10", "runs list --experiment retrieval --split leave-one-out"),
    "runs compare": (
        "runs compare mine other",
        "runs compare mine other --metrics recall@20 rmse",
        "runs compare mine other --json",
    ),
    "runs delete": ("runs delete mine", "runs delete mine other --yes", "runs delete old --root elsewhere"),
    "replay": (
        "replay runs/mine",
        "replay runs/mine --retrain-every 5000",
        "replay exports/mine --test later.csv --k 20",
    ),
    "score": (
        "score --topk lists.csv --truth test.csv",
        "score --topk lists.csv --truth test.csv --seen train.csv",
        "score --topk lists.csv --truth test.csv --columns user_id=who,rank=place",
    ),
    "data": ("data info 100k", "data prepare 1m", "data shards --ratings my.parquet --out shards"),
    "data info": ("data info 100k", "data info 1m --data-dir ml-1m.zip", "data info 100k --json"),
    "data prepare": ("data prepare 100k", "data prepare 1m --data-dir ml-1m.zip", "data prepare 25m"),
    "data shards": (
        "data shards --ratings my.parquet --out shards",
        "data shards --dataset 1m --out shards --shards 8",
        "data shards --ratings my.csv --split leave-one-out --out shards --asked 10000",
    ),
    "demo": ("demo", "demo runs/mine", "demo --no-browser --port 8080"),
}
"""A command, or a command with its action → examples; ``{names}`` are the experiments that were named."""
