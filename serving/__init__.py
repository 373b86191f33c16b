"""From vectors to answers: index them, export a SavedModel, serve it. Needs TensorFlow and ScaNN, no other room.

A recommender comes in as a ``serving.servable.Servable``: arrays and a few small TensorFlow modules. What leaves is a
SavedModel that any TensorFlow process can load; see ``docs/serving.md``. Names are those of the other rooms: *query* is
the side that asks, *candidate* a movie's vector, *score* their dot product; *row* is a movie's place in the tables.
Shapes: ``batch`` rows of a request, ``dim`` length of a vector, ``users``, ``movies``, ``k`` length of a result list.

It imports no TensorFlow itself: modules here take it from ``tfrs_lab.serving.backend``.
"""
