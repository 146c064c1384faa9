using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>CliffWalking-v1 as Gymnasium 1.3.0 has it (Sutton and Barto, example 6.6): along a cliff to the goal, 4 rows of 12 cells.</summary>
/// <remarks>
/// State: row * 12 + column; start 36, goal 47. Actions: 0 up, 1 right, 2 down, 3 left. Reward -1 a step, -100 into the cliff
/// (cells 37 to 46), which leads back to the start; reaching the goal ends the episode. Gymnasium has no step limit; here it is
/// 1,000, as a policy that walks in circles would never return, and <c>max_steps</c> changes it.
/// Beyond Gymnasium: <c>success_rate</c> of slippery ground, and <c>wind</c>, the probability that a gust carries the walker one more cell down after its move.
/// </remarks>
static class CliffWalking
{
    const string Id = "CliffWalking-v1";
    const string Slippery = "slippery", SuccessRate = "success_rate", Wind = "wind";
    const int Rows = 4, Columns = 12, Start = 36, Goal = 47;

    // For the painter: S start, C cliff, G goal.
    static readonly string[] Map = ["............", "............", "............", "SCCCCCCCCCCG"];

    static readonly (int Row, int Column)[] Moves = [(-1, 0), (0, 1), (1, 0), (0, -1)];

    public static TabularTask Task { get; } = new()
    {
        Id = Id,
        Description = "Walk along a cliff to the goal (Gymnasium's definition; Sutton and Barto, example 6.6).",
        DefaultSteps = 1000,
        Parameters =
        [
            new(Slippery, 0, "0 or 1", new(0, 1), new(0, 0), [new(1, 1)]) { IsWhole = true },
            new(SuccessRate, 1.0 / 3.0, "probability of the move meant, where slippery", new(0, 1), new(0.3, 0.4), [new(0.5, 0.95)]),
            new(Wind, 0, "probability of a gust towards the cliff", new(0, 1), new(0, 0.05), [new(0.1, 0.5)]),
        ],
        Build = Build,
        Painter = static _ => new GridPainter(Map, Moves),
        Size = static _ => (Rows * Columns, Moves.Length),
        HeldOutVariants =
        [
            new("slippery", $"{Id}?{Slippery}=1"),
            new("slightly-slippery", $"{Id}?{Slippery}=1&{SuccessRate}=0.8"),
            new("breeze", $"{Id}?{Wind}=0.1"),
            new("gale", $"{Id}?{Wind}=0.3"),
        ],
        Success = new("the goal is reached") { Terminates = true },
        References = (-9512.058954950355, -13),
    };

    static TabularMdp Build(EnvironmentIdentity identity)
    {
        var p = identity.Parameters;
        var successRate = p[Slippery] == 0 ? 1 : p[SuccessRate];
        var builder = new TabularMdpBuilder(Rows * Columns, Moves.Length, identity.ToString())
        {
            StateNames = GridMoves.CellNames(Rows, Columns),
            ActionNames = ["up", "right", "down", "left"],
        };
        for (var s = 0; s < Rows * Columns; s++)
        {
            for (var a = 0; a < Moves.Length; a++)
                GridMoves.Add(builder, s, a, Outcomes(s, a, successRate, p[Wind]));
        }

        return builder.SetStart(Start, 1).Build();
    }

    static IEnumerable<(double Probability, int Next, double Reward, bool Ends)> Outcomes(int s, int a, double successRate, double wind)
    {
        foreach (var (move, probability) in GridMoves.Slippery(a, Moves.Length, successRate))
        {
            var next = GridMoves.From(s, Moves[move], Rows, Columns);
            yield return Arrive(probability * (1 - wind), next);
            // Over the edge or at the goal the gust comes too late.
            yield return Arrive(probability * wind, next is > Start and <= Goal ? next : GridMoves.From(next, (1, 0), Rows, Columns));
        }
    }

    static (double Probability, int Next, double Reward, bool Ends) Arrive(double probability, int cell) =>
        cell is > Start and < Goal ? (probability, Start, -100, false) : (probability, cell, -1, cell == Goal);
}
