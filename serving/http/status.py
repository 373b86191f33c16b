"""TensorFlow Serving's status and metadata documents."""

from __future__ import annotations

from typing import Any

from tfrs_lab.serving.http import tensorflow
from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.servable import Servable
from tfrs_lab.serving.http.versions import Model


def statuses(model: Model | None, name: str, version: int | None) -> dict[str, Any]:
    """``GetModelStatusResponse``.

    Args:
        model: The model, None if there is none of that name.
        name: The name that was asked for.
        version: Only this one; None for all.

    Raises:
        ApiError: Nothing is known of it.
    """
    known = model.statuses() if model else []
    if version is not None:
        known = [status for status in known if status.version == version]
        if not known:
            raise ApiError("NOT_FOUND", f"Could not find version {version} of model {name}")
    if not known:
        raise ApiError("NOT_FOUND", f"Could not find any versions of model {name}")
    return {
        "model_version_status": [
            {
                "version": str(status.version),
                "state": status.state,
                "status": {"error_code": status.error_code, "error_message": status.error_message},
            }
            for status in known
        ]
    }


def metadata(servable: Servable) -> dict[str, Any]:
    """``GetModelMetadataResponse``."""
    definitions = {name: tensorflow.to_dict(servable.definitions[name]) for name in sorted(servable.definitions)}
    return {
        "model_spec": {"name": servable.name, "signature_name": "", "version": str(servable.version)},
        "metadata": {"signature_def": {"signature_def": definitions}},
    }
