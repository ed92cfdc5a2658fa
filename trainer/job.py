"""What is trained on what."""

from dataclasses import asdict, dataclass
from typing import Any, cast

from datagen.frame import Mode
from trainer.data import View
from trainer.dataset import Dataset
from trainer.model_file import Metadata
from trainer.outliers import Outliers, pool
from trainer.presets import Preset


@dataclass(frozen=True, slots=True)
class Job:
    """What is trained on what.

    Attributes:
        dataset: The data; its splits ``train`` and, if there is one, ``validation`` are used.
        preset_name: Name of the preset.
        preset: The preset with its overrides.
        seed: Seed of everything random.
        view: How the model sees the dataset.
        metadata: What the model file will say, the number of parameters aside.
        more: What further makes two runs different ones, as JSON values.
        deterministic: Whether only operations that give the same bits every time are used.
        strategy: What runs it, a `tf.distribute.Strategy`.
    """

    dataset: Dataset
    preset_name: str
    preset: Preset
    seed: int
    view: View
    metadata: Metadata
    more: dict[str, Any]
    deterministic: bool
    strategy: Any

    @property
    def devices(self) -> int:
        """Devices that train together."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def batch(self) -> int:
        """Pictures a step."""
        return min(self.preset.batch, self.dataset.count("train"))

    @property
    def outliers(self) -> Outliers | None:
        """Pictures of no class that each batch gets beside its own."""
        if not self._added:
            return None
        mode = cast(Mode, self.metadata.frame)
        return Outliers(pool(self.metadata.table, self.dataset.size, mode), self._added)

    @property
    def shown(self) -> int:
        """Pictures a step, outliers included."""
        return self.batch + self._added

    @property
    def _added(self) -> int:
        """Outliers a step: as many on each device."""
        return round(self.batch * self.preset.outliers) // self.devices * self.devices

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return self.dataset.count("train") // self.batch

    @property
    def focal(self) -> bool:
        """Whether class weights go into the loss, which counts samples by itself."""
        return self.preset.class_weights == "focal"

    @property
    def monitor(self) -> str:
        """What decides which epoch is the best."""
        validated = self.dataset.count("validation") > 0
        return f"val_{self.preset.monitor}" if validated else self.preset.monitor

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two runs different ones, as JSON values."""
        return {
            "dataset": self.dataset.name,
            "dataset_digest": self.dataset.digest,
            "preset": self.preset_name,
            "seed": self.seed,
            "deterministic": self.deterministic,
            "devices": self.devices,
            **asdict(self.preset),
            **self.more,
        }
