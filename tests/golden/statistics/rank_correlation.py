"""Spearman's rho and Kendall's tau-b by SciPy, with and without ties. Needs scipy.
usage: rank_correlation.py > rank_correlation.json"""
import json
import random

import scipy
from scipy.stats import kendalltau, spearmanr

draw = random.Random(7)
cases = []
for size, values in [(5, 0), (8, 0), (20, 0), (20, 5), (40, 3), (40, 12), (101, 0), (12, 2)]:
    # With few values there are many ties; 0: none.
    x, y = ([draw.randrange(values) if values else round(draw.gauss(0, 1), 6) for _ in range(size)] for _ in range(2))
    y = [a + b for a, b in zip(x, y)] if size % 4 == 0 else y
    cases.append({"x": x, "y": y, "spearman": spearmanr(x, y).correlation, "kendall": kendalltau(x, y).correlation})
print(json.dumps({"source": f"scipy {scipy.__version__}", "cases": cases}, indent=1))
