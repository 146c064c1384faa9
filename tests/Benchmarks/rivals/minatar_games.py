"""Steps a second of MinAtar's own games, one instance each, random actions, one core; the state is drawn every step.

Prints "GAME RATE" for each: the median of windows. usage: minatar_games.py [seconds]
"""
import logging
import statistics
import sys
import time

logging.disable(logging.WARNING)
import numpy
from minatar import Environment

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
for game in ("asterix", "breakout", "freeway", "seaquest", "space_invaders"):
    environment = Environment(game)
    environment.seed(0)
    environment.reset()
    actions = numpy.random.RandomState(0).randint(0, 6, 4096).tolist()
    rates = []
    for window in range(6):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for action in actions[:256]:
                _, ended = environment.act(action)
                if ended:
                    environment.reset()
                environment.state()
            count += 256
        rates.append(count / (time.perf_counter() - start))
    print(f"{game} {statistics.median(rates[1:])}")
