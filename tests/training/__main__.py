"""`python -m tests.training`: writes `worker/ai/embedded/heads.npz` anew."""

from __future__ import annotations

import numpy as np

from tests.training.fit import heads
from worker.ai.embedded.heads import PATH
from worker.ai.embedded.vectors import Encoder


def main() -> None:
    """Fits and writes; the examples' vectors in half precision, which is plenty for telling what is near."""
    made = heads(Encoder())
    np.savez_compressed(
        PATH,
        felt=made.felt,
        chosen=made.chosen,
        background=made.background.astype(np.float16),
        relevance=made.relevance,
        unwanted=made.unwanted,
    )


if __name__ == "__main__":
    main()
