import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import tfrecord
from datagen.errors import InputError
from datagen.tfrecord import Record

RNG = np.random.default_rng(0)
RECORDS = [
    Record(RNG.integers(0, 256, (32, 32)).astype(np.uint8), label, f"{label:016x}", "fonts")
    for label in (0, 1, 88, 127, 128, 300, 70_000)
]


@pytest.fixture
def shard():
    return b"".join(tfrecord.frame_record(tfrecord.encode(record)) for record in RECORDS)


def same(first, second):
    fields = ("label", "id", "source")
    return np.array_equal(first.image, second.image) and all(
        getattr(first, f) == getattr(second, f) for f in fields
    )


def test_what_is_written_is_read_back(shard):
    read = [tfrecord.decode(p, 32) for p in tfrecord.read_frames(shard, "x")]
    assert len(read) == len(RECORDS)
    assert all(map(same, read, RECORDS))


def test_tensorflow_reads_the_same(shard, tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = tmp_path / "shard"
    path.write_bytes(shard)
    for raw, record in zip(tf.data.TFRecordDataset(str(path)), RECORDS, strict=True):
        feature = tf.train.Example.FromString(raw.numpy()).features.feature
        assert set(feature) == {"image", "label", "id", "source"}
        assert feature["label"].int64_list.value[0] == record.label
        assert feature["id"].bytes_list.value[0].decode() == record.id
        assert feature["source"].bytes_list.value[0] == b"fonts"
        assert feature["image"].bytes_list.value[0] == record.image.tobytes()


@settings(deadline=None)
@given(
    st.integers(0, 2**63 - 1),
    st.text(max_size=300),
    st.text(max_size=300),
    st.integers(8, 40),
)
def test_any_record_survives(label, name, source, size):
    image = np.full((size, size), label % 251, np.uint8)
    try:
        record = Record(image, label, name, source)
        payload = tfrecord.encode(record)
    except UnicodeEncodeError:
        return
    assert same(tfrecord.decode(payload, size), record)


def test_every_flipped_bit_and_every_cut_is_found(shard):
    short = shard[: len(tfrecord.frame_record(tfrecord.encode(RECORDS[0])))]
    for position in range(0, len(short), 7):
        damaged = bytearray(short)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(InputError, match="x: record 0 at byte 0 is damaged"):
            list(tfrecord.read_frames(bytes(damaged), "x"))
    for length in range(1, len(short), 11):
        with pytest.raises(InputError, match="the file ends in"):
            list(tfrecord.read_frames(short[:length], "x"))


def test_another_size_is_refused(shard):
    payload = next(tfrecord.read_frames(shard, "x"))
    with pytest.raises(InputError, match="not a record of 28x28"):
        tfrecord.decode(payload, 28)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(InputError):
        tfrecord.decode(data, 32)
