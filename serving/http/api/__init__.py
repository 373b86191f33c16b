"""The API under ``/api``: recommendations with titles and reasons, search, what the page asks for."""
