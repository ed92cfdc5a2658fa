"""The model card (Mitchell et al. 2019) of a released model, as Markdown."""

from collections.abc import Iterable, Sequence

from datagen.characters import CharacterTable
from datagen.hands import STYLE as HAND
from datagen.recipe_toml import to_toml
from trainer.card_facts import Evaluated, Facts, changed, commands
from trainer.infer import AVERAGE

CONFUSIONS = 10  # told of each evaluation
SETTINGS = (
    *("batch", "optimizer", "learning_rate", "schedule", "warmup", "weight_decay", "loss"),
    *("label_smoothing", "ema", "dropout", "class_weights"),
)


def card(facts: Facts) -> str:
    """Write the card of a model."""
    parts = [
        *_head(facts),
        "## Files",
        *_files(facts),
        "## How it was made",
        *_made(facts),
        "## Data",
        *_data(facts),
        "## Accuracy",
        *_accuracy(facts.evaluations),
        "## Calibration",
        *_calibration(facts),
        "## Known confusions",
        *_confusions(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(facts: Facts) -> list[str]:
    table, metrics = facts.metadata.table, facts.metrics
    drawn = all(source.drawn for source in facts.recipe.sources.values())
    trained = facts.fonts[facts.fonts["split"] == "train"]
    by_hand = trained["style"] == HAND
    families, hands = (trained.loc[own, "family"].nunique() for own in (~by_hand, by_hand))
    real = [name for name, source in facts.recipe.sources.items() if not source.drawn]
    what = [f"fonts of {families} families"] if families else []
    what += [f"the forms of `datagen/forms` as {hands} hands write them"] if hands else []
    of = " and ".join([*what, *([", ".join(real)] if real else [])])
    none = ", without a single picture of real handwriting" if drawn else ""
    return [
        f"# {facts.name}",
        f"Reads a picture of one character and says which of {len(table)} it is. A residual "
        f"network of {metrics['parameters']:,} parameters, trained on "
        f"{metrics['train_images']:,} pictures from {of}{none}.",
        f"Classes: {' '.join(_code(c.char) for c in table)}.",
        "A picture must show one symbol alone. It is cropped to its ink and brought into a frame "
        f"of {facts.metadata.frame_size} × {facts.metadata.frame_size} pixels, bright on black, "
        "by `datagen.frame.frame`, as `trainer predict` does; nothing says how large the symbol "
        "was or where on the line it stood.",
    ]


def _files(facts: Facts) -> list[str]:
    edge, classes = facts.metadata.frame_size, len(facts.metadata.table)
    what = {
        ".keras": "Keras 3, float32, without the optimizer; the member `math_vision.json` says the "
        "classes, the frame, how logits become probabilities and the threshold of rejection",
        ".tflite": "LiteRT, float32, with the same said in its own `math_vision.json`, and the "
        "characters in `labels.txt`, one a line in the order of the outputs (`unzip` reads both)",
    }
    rows = [
        (f"`{file}`", f"{size:,}", what.get(file[file.rfind(".") :], ""))
        for file, size in facts.sizes.items()
    ]
    agreement = facts.agreement
    return [
        _table(("file", "bytes", "what"), rows),
        f"The LiteRT file has one signature: `image`, uint8 (n, {edge}, {edge}, 1), a framed "
        f"picture from 0 to 255, gives `probabilities`, float32 (n, {classes}), as "
        "`trainer predict` says them, and `logits`. On the "
        f"{agreement.count:,} pictures of the test split its first answer is that of the Keras "
        f"model for {_percent(agreement.same)}; it reads {_percent(agreement.exported)} of them, "
        f"the Keras model {_percent(agreement.accuracy)}.",
    ]


def _made(facts: Facts) -> list[str]:
    run, metrics = facts.run, facts.metrics
    lines = "\n".join(commands(facts))
    settings = ", ".join(f"{key.replace('_', ' ')} {run[key]}" for key in SETTINGS if key in run)
    others = changed(run)
    since = (
        f"The preset `{run['preset']}` is another one by now: this model was trained before "
        f"{', '.join(key.replace('_', ' ') for key in others)} changed."
    )
    return [
        f"```bash\n{lines}\n```",
        f"Version {metrics['version']}, preset `{run['preset']}`, seed {run['seed']}, "
        f"{metrics['epochs']} epochs, of which number {metrics['best_epoch'] + 1} was kept. "
        f"Training took {metrics['seconds'] / 60:.0f} minutes, "
        f"{metrics['images_per_second']:,.0f} pictures a second.",
        f"Settings: {settings}.",
        since if others else "",
    ]


def _data(facts: Facts) -> list[str]:
    fonts = facts.fonts
    rows = []
    for key, faces in fonts.groupby(["license", "split"], sort=False):
        licence, split = map(str, key)
        by_hand = faces["style"] == HAND
        names = sorted(set(faces.loc[~by_hand, "family"]), key=str.casefold)
        hands = faces.loc[by_hand, "family"].nunique()
        names += [f"{hands} hands"] if hands else []
        count = str(faces["family"].nunique())
        rows.append((licence or "not stated", split, count, ", ".join(names)))
    rows.sort(key=lambda row: (row[0], {"train": 0, "validation": 1}.get(row[1], 2)))
    families = (
        "Families of fonts and hands by licence; those of validation and test were never trained "
        "on. `fonts/catalog.csv` names the makers of each."
    )
    return [
        f"The dataset `{facts.metadata.dataset}`, of seed {facts.recipe.seed}: "
        f"{facts.metrics['train_images']:,} pictures to train on and "
        f"{facts.metrics['validation_images']:,} for validation. The SHA-256 of its list of shards "
        f"is `{facts.metadata.dataset_digest}`. Its recipe, all values spelled out, which "
        "`datagen build` takes as a `recipe.toml` too:",
        f"```toml\n{to_toml(facts.recipe).rstrip()}\n```",
        families if rows else "",
        _table(("licence", "split", "families", "names"), rows) if rows else "",
    ]


def _accuracy(evaluations: Iterable[Evaluated]) -> list[str]:
    columns = ("data", "source", "pictures", "right", "look-alikes as one", "calibration error")
    rows = []
    for evaluated in evaluations:
        sources = evaluated.metrics["per_source"]
        whole = {"all": evaluated.metrics} if len(sources) > 1 else {}
        for source, scores in [*whole.items(), *sources.items()]:
            shares = [_percent(scores[key]) for key in ("accuracy", "accuracy_shape", "ece")]
            rows.append((_title(evaluated), source, f"{scores['count']:,}", *shares))
    return [
        "*Look-alikes as one* counts an answer as right that a tight crop can't tell from the "
        "truth, such as `O` for `0`; the groups are named below. Where nothing else is said, "
        f"{AVERAGE} small warps of each picture are averaged, as `trainer predict` does it.",
        _table(columns, rows),
    ]


def _calibration(facts: Facts) -> list[str]:
    metrics = facts.metrics
    if "temperature" not in metrics:
        return ["There was no validation split to fit a temperature on."]
    rejection = metrics["rejection"]
    passed = ", ".join(f"{_percent(v)} of {kind}" for kind, v in rejection["accepted"].items())
    before, after = _percent(metrics["ece_before"]), _percent(metrics["ece"])
    spread = metrics.get("spread", 0.0)  # runs of before there was one lack it
    fitted = (
        f"Probabilities are taken at temperature {metrics['temperature']}, when "
        f"{spread:.0%} of all probability, which goes to all classes alike, has been "
        "taken away. Both were fitted on "
        f"the validation split, whose calibration error they bring from {before} to {after}."
    )
    plain = (
        "Probabilities are taken as the network gives them, at temperature 1.0; their calibration "
        f"error on the validation split is {after}."
    )
    return [
        plain if (metrics["temperature"], spread) == (1.0, 0.0) else fitted,
        f"`--reject` goes by {rejection['score']} and keeps {_percent(rejection['kept'])} of the "
        f"validation pictures; of pictures that show none of the classes it lets through {passed}.",
    ]


def _confusions(facts: Facts) -> list[str]:
    table = facts.metadata.table
    groups: dict[str, list[str]] = {}
    for c in table:
        groups.setdefault(c.shape, []).append(_code(c.char))
    alike = [" ".join(group) for group in groups.values() if len(group) > 1]
    parts = [f"In a tight crop these look the same: {'; '.join(alike)}." if alike else ""]
    for evaluated in facts.evaluations:
        rows = [
            (_char(one.true, table), _char(one.said, table), f"{one.times:,} of {one.of:,}")
            for one in evaluated.confusions[:CONFUSIONS]
        ]
        if rows:
            parts += [f"Most often wrong beyond those in {_title(evaluated)}:"]
            parts += [_table(("true", "read as", "times"), rows)]
    return parts


def _title(evaluated: Evaluated) -> str:
    metrics = evaluated.metrics
    only = f", only {_code(metrics['only'])}" if metrics["only"] else ""
    often = metrics["average"]
    average = f", {often} warps averaged" if often != AVERAGE else ""
    adapted = ", class shares found in it" if metrics.get("adapt") else ""
    return f"{metrics['dataset']} ({metrics['split']}{only}{average}{adapted})"


def _char(codepoint: str, table: CharacterTable) -> str:
    return _code(table[table.label(codepoint)].char)


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    inner = f" {text} " if "`" in text else text
    return f"{fence}{inner}{fence}"


def _percent(share: float) -> str:
    return f"{share:.2%}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; a bar within a cell would end it, even in code."""
    lines = [columns, ["---"] * len(columns), *rows]
    shown = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in shown)
