"""Images resized by area averages, in NumPy.

Writes resize.json beside this file.  python3 tests/golden/pixels/resize.py   Needs NumPy.
Each axis is first repeated as often as the output has cells, then averaged in runs as long as the input had: the mean over
the exact area, fractions of cells included. Bytes are rounded to the nearest, halves up.
"""

import json
import pathlib

import numpy as np

random = np.random.RandomState(7)
cases = []
for height, width, side in [(2, 2, 3), (3, 5, 4), (12, 9, 5), (10, 10, 7), (6, 6, 6), (1, 4, 2), (10, 10, 84)]:
    image = random.randint(0, 256, (height, width)) if side < 84 else 255 * random.randint(0, 2, (height, width))
    fine = np.repeat(np.repeat(image.astype(np.int64), side, 0), side, 1)
    sums = fine.reshape(side, height, side, width).sum((1, 3))
    rounded = (2 * sums + height * width) // (2 * height * width)
    case = {"height": height, "width": width, "side": side, "image": image.ravel().tolist()}
    # All of a large one would fill the file; its rows and columns tell any two apart that matter.
    if side == 84:
        case["row_sums"], case["column_sums"] = rounded.sum(1).tolist(), rounded.sum(0).tolist()
    else:
        case["bytes"], case["means"] = rounded.ravel().tolist(), (sums / (height * width)).ravel().tolist()
    cases.append(case)
(pathlib.Path(__file__).parent / "resize.json").write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
