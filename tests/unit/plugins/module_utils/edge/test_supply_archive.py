"""Archives and layers as streams: read again by the standard library, measured again by hand."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    Descriptor,
    describe,
    encode,
    index_document,
    layer_plan,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_archive import (
    Blob,
    Content,
    layer_of,
    measured,
    of_bytes,
    of_file,
    pack,
    read_digest,
)
from hypothesis import given
from hypothesis import strategies as st

#: File contents around the sizes at which a tar file pads.
CONTENTS = st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"x" * 511, b"x" * 512, b"x" * 513]))
FILES = st.dictionaries(
    st.from_regex(r"/[a-z]{1,3}(/[A-Za-z0-9._-]{1,90}x){0,3}", fullmatch=True), CONTENTS, min_size=1, max_size=4
)


def layer(files: dict[str, bytes]) -> bytes:
    paths = sorted(files)
    return b"".join(layer_of(layer_plan(paths), [of_bytes(files[path]) for path in paths]))


@given(FILES)
def test_a_layer_is_a_tar_file_with_the_files_and_nothing_of_this_machine(files: dict[str, bytes]) -> None:
    files = {path: text for path, text in files.items() if not any(other.startswith(f"{path}/") for other in files)}
    content = layer(files)
    assert content == layer(dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = archive.getmembers()
        found = {f"/{member.name}": archive.extractfile(member).read() for member in members if member.isfile()}  # type: ignore[union-attr]
    assert found == files
    for member in members:
        assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
        assert member.isdir() or member.mode == 0o555


def test_the_same_files_give_the_same_layer_on_every_machine_and_python() -> None:
    descriptor = measured([layer({"/usr/bin/tool": b"tool", f"/{'long' * 30}": b"x" * 1000})], "t")
    assert descriptor == Descriptor("t", "sha256:50db6048a82cfb622499b42f0d9f7c798b9ef00710be80abe980832b741ca4db", 5632)


def archive(tmp_path: Path, *blobs: Blob) -> Path:
    target = tmp_path / "image.tar"
    index = encode(index_document(describe(b"manifest", "m"), "amd64", "localhost/tool:v1"))
    pack(target, index, blobs, "tool-image for amd64")
    return target


def test_an_archive_is_an_image_layout(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(b"layer" * 1000)
    contents = [of_bytes(b"manifest"), of_file(tmp_path / "layer"), of_bytes(b"twin"), of_bytes(b"twin")]
    target = archive(tmp_path, *(Blob(measured(content.chunks(), "t"), content) for content in contents))
    with tarfile.open(target) as found:
        names = found.getnames()
        assert names[:4] == ["oci-layout", "index.json", "blobs", "blobs/sha256"]
        assert found.extractfile("oci-layout").read() == b'{"imageLayoutVersion":"1.0.0"}'  # type: ignore[union-attr]
        blobs = {name: found.extractfile(name).read() for name in names[4:]}  # type: ignore[union-attr]
    assert len(blobs) == len(names) - 4 == 3
    assert all(name == f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}" for name, blob in blobs.items())
    assert read_digest(target) == f"sha256:{hashlib.sha256(b'manifest').hexdigest()}"


@pytest.mark.parametrize("content", [b"truncat", b"truncated and more", b"truncateD", b""])
def test_a_blob_that_is_not_what_its_descriptor_says_is_refused(tmp_path: Path, content: bytes) -> None:
    promised = describe(b"truncated", "t")
    with pytest.raises(SupplyError) as raised:
        archive(tmp_path, Blob(promised, of_bytes(content)))
    text = str(raised.value)
    assert f"tool-image for amd64: found a blob sha256:{hashlib.sha256(content).hexdigest()} of {len(content)} bytes" in text
    assert f"expected {promised.digest} of 9 bytes" in text


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    answers = iter([b"before", b"after!"])
    changing = Content(6, lambda: [next(answers)])
    with pytest.raises(SupplyError, match="found a blob"):
        archive(tmp_path, Blob(measured(changing.chunks(), "t"), changing))


@pytest.mark.parametrize("content", [b"", b"no tar file", bytes(10240)])
def test_what_is_no_archive_of_an_image_tells_no_digest(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(content)
    with pytest.raises(SupplyError, match="expected the archive of an image layout"):
        read_digest(path)


def test_a_truncated_archive_tells_no_digest(tmp_path: Path) -> None:
    target = archive(tmp_path)
    target.write_bytes(target.read_bytes()[:1500])
    with pytest.raises(SupplyError, match="expected the archive of an image layout"):
        read_digest(target)
