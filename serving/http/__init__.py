"""``recs serve``: TensorFlow Serving's REST API for exported models, a friendly JSON API, and a page to look at them.

errors        an error with TensorFlow Serving's shape and status
settings      what the server allows
signature     what a SavedModel takes and gives
json_tensors  JSON → arrays, as TensorFlow Serving reads it; json_output  arrays → JSON
checks        which requests make no sense for a recommender
batching      concurrent requests → one call of the model
servable      one loaded version; versions  the versions of one model, loaded and unloaded as they come and go
rest          the API under /v1; api  the API under /api; pages  the page, docs, health and metrics
application   all of it as one ASGI application; run  the process
"""
