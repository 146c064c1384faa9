using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What the grid worlds share: cells numbered row by row, moves that stop at the border.</summary>
static class GridMoves
{
    /// <summary>The cell that a move leads to.</summary>
    /// <param name="cell">row * columns + column.</param>
    /// <param name="move">Rows down and columns right.</param>
    public static int From(int cell, (int Row, int Column) move, int rows, int columns) =>
        (Math.Clamp((cell / columns) + move.Row, 0, rows - 1) * columns) + Math.Clamp((cell % columns) + move.Column, 0, columns - 1);

    /// <summary>
    /// The moves that an action may turn out to be, in a circle of moves: the one meant with the success rate, else one of its neighbors.
    /// </summary>
    public static IEnumerable<(int Move, double Probability)> Slippery(int action, int moves, double successRate)
    {
        var failRate = (1 - successRate) / 2;
        yield return ((action + moves - 1) % moves, failRate);
        yield return (action, successRate);
        yield return ((action + 1) % moves, failRate);
    }

    /// <summary>Names for cells.</summary>
    public static string[] CellNames(int rows, int columns) =>
        [.. Enumerable.Range(0, rows * columns).Select(s => $"row {s / columns}, column {s % columns}")];

    /// <summary>A row of outcomes for one action, without those of probability 0.</summary>
    public static void Add(TabularMdpBuilder builder, int state, int action, IEnumerable<(double Probability, int Next, double Reward, bool Ends)> outcomes)
    {
        foreach (var (probability, next, reward, ends) in outcomes)
            builder.Add(state, action, next, probability, reward, ends);
    }
}
