"""What the server allows and how it watches its directories."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class ServerSettings:
    """Limits and intervals."""

    max_body_mb: float = 4.0
    """Maximum size of a request's body in megabytes (2**20 bytes), also once decompressed."""
    max_batch: int = 1024
    """Maximum rows per request, and per call of a model."""
    max_k: int = 1000
    """Largest k of a request."""
    max_waiting: int = 2048
    """Maximum queued requests per model version; more get HTTP 429."""
    versions: int = 1
    """How many of a model's newest versions are served; as in TensorFlow Serving the newest answers by default."""
    poll_seconds: float = 2.0
    """How often the directories are searched for new versions."""
    request_seconds: float = 20.0
    """Seconds allowed for a request's headers, and again for its body."""
    shutdown_seconds: int = 30
    """How long running requests may take to finish at the end."""

    def __post_init__(self) -> None:
        for field in fields(ServerSettings):
            value = getattr(self, field.name)
            if not value > 0:
                raise ValueError(f"--{field.name.replace('_', '-')}: expected more than 0, got {value}")

    @property
    def max_body(self) -> int:
        """Largest body in bytes."""
        return int(self.max_body_mb * 2**20)
