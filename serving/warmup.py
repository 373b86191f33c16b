"""Requests that TensorFlow Serving sends itself before it calls a model ready, so that the first user need not wait.

The records are ``tensorflow.serving.PredictionLog`` messages. Their schema comes with tensorflow-serving-api, which
brings a TensorFlow of its own: the few fields that are needed are declared here instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tfrs_lab.serving.backend import tf

FILE = "tf_serving_warmup_requests"
PACKAGE = "tfrs_lab.serving"
"""Names of messages do not reach the records; another one than Serving's own keeps both loadable in one process."""

_TEXT, _MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_ONE, _MANY = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL, descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
_FIELDS = {
    "ModelSpec": [("name", 1, _TEXT, _ONE, ""), ("signature_name", 3, _TEXT, _ONE, "")],
    "InputsEntry": [("key", 1, _TEXT, _ONE, ""), ("value", 2, _MESSAGE, _ONE, ".tensorflow.TensorProto")],
    "PredictRequest": [
        ("model_spec", 1, _MESSAGE, _ONE, f".{PACKAGE}.ModelSpec"),
        ("inputs", 2, _MESSAGE, _MANY, f".{PACKAGE}.InputsEntry"),
    ],
    "PredictLog": [("request", 1, _MESSAGE, _ONE, f".{PACKAGE}.PredictRequest")],
    "PredictionLog": [("predict_log", 6, _MESSAGE, _ONE, f".{PACKAGE}.PredictLog")],
}
"""Message → fields (name, number, type, label, message), as in TensorFlow Serving's apis/model.proto, predict.proto and
prediction_log.proto; a map is a repeated message."""


def prediction_log() -> Any:
    """The class of ``PredictionLog``."""
    pool = descriptor_pool.Default()
    try:
        found = pool.FindMessageTypeByName(f"{PACKAGE}.PredictionLog")
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3")
        file.dependency.append(tf.compat.v1.AttrValue.DESCRIPTOR.fields_by_name["tensor"].message_type.file.name)
        for message, fields in _FIELDS.items():
            declared = file.message_type.add(name=message)
            for name, number, kind, label, type_name in fields:
                declared.field.add(name=name, number=number, type=kind, label=label, type_name=type_name or None)
        pool.Add(file)
        found = pool.FindMessageTypeByName(f"{PACKAGE}.PredictionLog")
    return message_factory.GetMessageClass(found)


def write_warmup(directory: Path, requests: Mapping[str, Mapping[str, tf.Tensor]]) -> Path:
    """Writes requests where TensorFlow Serving looks for them.

    Args:
        directory: ``assets.extra`` of a version.
        requests: Signature → input → tensor.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = prediction_log()
    with tf.io.TFRecordWriter(str(directory / FILE)) as writer:
        for signature, inputs in requests.items():
            record = log()
            request = record.predict_log.request
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs.add(key=name).value.CopyFrom(tf.make_tensor_proto(value))
            writer.write(record.SerializeToString(deterministic=True))
    return directory / FILE
