"""Checksums: what was cut off, changed or written by a newer version is refused, with the reason."""

import json

import pytest

from tfrs_lab.serving.manifest import FORMAT, NAME, ManifestError, check_manifest, write_manifest


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "deep").mkdir()
    files = [tmp_path / "a.json", tmp_path / "deep" / "b.npz"]
    for file in files:
        file.write_text(file.name)
    write_manifest(tmp_path, files)
    return tmp_path


def test_whole_files_pass_and_those_that_nobody_named_are_left_alone(directory):
    (directory / "new").write_text("x")
    check_manifest(directory)
    check_manifest(directory, ["a.json", "new"])


def test_a_changed_file_is_named(directory):
    (directory / "deep" / "b.npz").write_text("b.npy")
    with pytest.raises(ManifestError, match=r"deep/b\.npz is not what was written"):
        check_manifest(directory)
    check_manifest(directory, ["a.json"])


def test_a_missing_file_is_named(directory):
    (directory / "a.json").unlink()
    with pytest.raises(ManifestError, match=r"expected the file a\.json"):
        check_manifest(directory)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": "1", "sha256": {}}', '{"format": 1, "sha256": {"a": 1}}']
)
def test_a_damaged_manifest_is_refused(directory, content):
    (directory / NAME).write_text(content)
    with pytest.raises(ManifestError, match=r"expected checksums in manifest\.json"):
        check_manifest(directory)


def test_a_newer_format_is_refused_with_what_to_do(directory):
    content = json.loads((directory / NAME).read_text())
    (directory / NAME).write_text(json.dumps({**content, "format": FORMAT + 1}))
    with pytest.raises(ManifestError, match="written by a newer version, upgrade"):
        check_manifest(directory)


def test_without_a_manifest_nothing_is_compared(tmp_path):
    check_manifest(tmp_path, ["a.json"])
