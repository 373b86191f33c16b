import subprocess
import sys


def test_importing_the_room_loads_no_tensorflow():
    code = "import sys, os, tfrs_lab.serving; print('tensorflow' in sys.modules, os.environ['TF_USE_LEGACY_KERAS'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "1"]
