import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_models_alone_loads_no_tensorflow():
    done = run(
        "import sys, tfrs_lab.models.two_tower.config, tfrs_lab.models.retrieval.recommender\n"
        "print('tensorflow' in sys.modules)"
    )
    assert done.stdout.strip() == "False", done.stderr


def test_keras_3_loaded_first_gives_an_error_that_says_what_to_do():
    code = """
import os
os.environ.pop("TF_USE_LEGACY_KERAS", None)
import tensorflow as tf
tf.keras.layers
try:
    import tfrs_lab.models.backend
except ImportError as error:
    print(error)
"""
    done = run(code)
    assert "already loaded Keras 3" in done.stdout, done.stderr
    assert "TF_USE_LEGACY_KERAS=1" in done.stdout
