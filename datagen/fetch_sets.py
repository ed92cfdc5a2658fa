"""The real sets that `datagen fetch` knows: where their publishers keep them, and what to cite."""

from collections.abc import Mapping
from dataclasses import dataclass

from datagen.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A set of real pictures as its publisher offers it.

    Attributes:
        name: What `datagen fetch` and `--source` call it.
        file: Name of the file that it ends as; empty for a folder of Kaggle's.
        url: Where the publisher keeps it; for one of Kaggle's, its page.
        md5: MD5 that is published for it, in hexadecimal; empty where none is.
        kaggle: Owner and name at Kaggle; empty for a plain download.
        by_hand: What a person does where the download can't be had, as the end of a sentence.
        cite: Whose work it is.
        license: Licence, or that its publisher names none.
    """

    name: str
    file: str
    url: str
    md5: str
    kaggle: str
    by_hand: str
    cite: str
    license: str


_EMNIST_PAGE = "https://www.nist.gov/itl/products-and-services/emnist-dataset"
_SYMBOLS_PAGE = "https://github.com/sueiras/handwritting_characters_database"
_OPERATORS_PAGE = "https://www.kaggle.com/datasets/xainano/handwrittenmathsymbols"

SETS: Mapping[str, PublishedSet] = {
    each.name: each
    for each in (
        PublishedSet(
            name="emnist",
            file="emnist.zip",
            url="https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
            md5="58c8d27c78d21e728a6bc7b3cc06412e",  # as torchvision and TFDS state it
            kaggle="",
            by_hand=f"download gzip.zip in a browser from {_EMNIST_PAGE} and give it as it is: "
            "--source emnist=gzip.zip",
            cite="Cohen, Afshar, Tapson and van Schaik 2017, arXiv:1702.05373",
            license="none named; NIST Special Database 19",
        ),
        PublishedSet(
            name="math-symbols",
            file="math-symbols.zip",
            url="https://s3-eu-west-1.amazonaws.com/handwriting-curated-database/curated.tar.gz",
            md5="",
            kaggle="",
            by_hand=f"download curated.tar.gz in a browser from {_SYMBOLS_PAGE}, unpack it and "
            "give the folder: --source symbols=curated",
            cite="Sueiras et al. 2016 (ISDA); UNIPEN train_r01_v07, doi:10.5281/zenodo.1195803",
            license="handwriting CC-BY-4.0 (UNIPEN); the drawn pictures: see " + _SYMBOLS_PAGE,
        ),
        PublishedSet(
            name="operators",
            file="",
            url=_OPERATORS_PAGE,
            md5="",
            kaggle="xainano/handwrittenmathsymbols",
            by_hand=f"log in at {_OPERATORS_PAGE}, press Download, unpack the archive (and the RAR "
            "archive in it, where there is one) and give the folder: "
            "--source operators=extracted_images",
            cite="xainano/handwrittenmathsymbols at Kaggle, drawn from CROHME",
            license="see " + _OPERATORS_PAGE,
        ),
    )
}


def published(name: str) -> PublishedSet:
    """Return a set by its name.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in SETS:
        known = list(SETS)
        raise UsageError(
            f"no set is called {name!r}; there are {', '.join(known)}{nearest(name, known)}"
        )
    return SETS[name]
