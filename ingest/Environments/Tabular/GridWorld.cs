using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// GridWorld-v1: a square of cells with goals in corners. The defaults are the gridworld of Sutton and Barto, example 4.1: 4x4, goals in two
/// corners, -1 a step, no discount, in which the uniform policy is worth -14, -18, -20 and -22.
/// </summary>
/// <remarks>
/// State: row * size + column. Actions: 0 up, 1 right, 2 down, 3 left; a move against the border stays. An episode starts in
/// a random cell that is no goal, or in cell <c>start</c>, and ends on reaching a goal. <c>slip</c>: the move is instead one of the two
/// sideways, half each. <c>wind</c>: a gust carries one more cell up after the move, unless that reached a goal.
/// </remarks>
static class GridWorld
{
    const string Id = "GridWorld-v1";
    const string Size = "size", Goals = "goals", Slip = "slip", Wind = "wind", StepReward = "step_reward", GoalReward = "goal_reward", StartCell = "start";
    const int StepsPerCell = 25;

    static readonly (int Row, int Column)[] Moves = [(-1, 0), (0, 1), (1, 0), (0, -1)];

    public static TabularTask Task { get; } = new()
    {
        Id = Id,
        Description = "Walk to a goal in a corner of a grid (Sutton and Barto, example 4.1).",
        DefaultSteps = 0,
        StepsOf = static identity => StepsPerCell * (int)identity.Parameters[Size] * (int)identity.Parameters[Size],
        Parameters =
        [
            new(GoalReward, 0, "added on reaching a goal", new(-1e6, 1e6), new(-1e6, 1e6), []) { IsStructural = true },
            new(Goals, 2, "1: the last cell; 2: the first as well", new(1, 2), new(1, 2), []) { IsStructural = true, IsWhole = true },
            new(Size, 4, "cells a side", new(2, 200), new(2, 200), []) { IsStructural = true, IsWhole = true },
            new(Slip, 0, "probability of moving sideways", new(0, 1), new(0, 0.2), [new(0.3, 0.9)]),
            new(StartCell, -1, "cell that episodes start in; -1: any", new(-1, 39_999), new(-1, -1), [new(0, 39_999)]) { IsWhole = true },
            new(StepReward, -1, "a step", new(-1e6, 1e6), new(-1e6, 1e6), []) { IsStructural = true },
            new(Wind, 0, "probability of a gust up", new(0, 1), new(0, 0.05), [new(0.1, 0.6)]),
        ],
        Build = Build,
        Painter = static identity => GridPainter.Square((int)identity.Parameters[Size], identity.Parameters[Goals] == 2, Moves),
        Size = static identity => ((int)identity.Parameters[Size] * (int)identity.Parameters[Size], Moves.Length),
        HeldOutVariants =
        [
            new("slippery", $"{Id}?{Slip}=0.3"),
            new("icy", $"{Id}?{Slip}=0.6"),
            new("breeze", $"{Id}?{Wind}=0.1"),
            new("storm", $"{Id}?{Wind}=0.4"),
            new("fixed-start", $"{Id}?{StartCell}=6"),
        ],
        Success = new("a goal is reached") { Terminates = true },
        References = (-18.28571427989488, -1.9999999999999996),
    };

    static TabularMdp Build(EnvironmentIdentity identity)
    {
        var p = identity.Parameters;
        var size = (int)p[Size];
        var isGoal = new bool[size * size];
        (isGoal[^1], isGoal[0]) = (true, p[Goals] == 2);
        var builder = new TabularMdpBuilder(size * size, Moves.Length, identity.ToString())
        {
            StateNames = GridMoves.CellNames(size, size),
            ActionNames = ["up", "right", "down", "left"],
        };
        for (var s = 0; s < size * size; s++)
        {
            for (var a = 0; a < Moves.Length && !isGoal[s]; a++)
            {
                foreach (var (move, probability) in GridMoves.Slippery(a, Moves.Length, 1 - p[Slip]))
                {
                    var next = GridMoves.From(s, Moves[move], size, size);
                    Arrive(next, probability * (1 - p[Wind]), s, a);
                    Arrive(isGoal[next] ? next : GridMoves.From(next, (-1, 0), size, size), probability * p[Wind], s, a);
                }
            }
        }

        SetStart(builder, identity, isGoal);
        return builder.Build();

        void Arrive(int next, double probability, int s, int a) =>
            builder.Add(s, a, next, probability, p[StepReward] + (isGoal[next] ? p[GoalReward] : 0), isGoal[next]);
    }

    static void SetStart(TabularMdpBuilder builder, EnvironmentIdentity identity, bool[] isGoal)
    {
        var start = (int)identity.Parameters[StartCell];
        if (start >= isGoal.Length || (start >= 0 && isGoal[start]))
            throw Throw.TabularParameter(identity, StartCell, $"-1, or a cell from 0 to {isGoal.Length - 1} that is no goal");
        for (var s = 0; s < isGoal.Length; s++)
        {
            if (start < 0 ? !isGoal[s] : s == start)
                builder.SetStart(s, start < 0 ? 1.0 / isGoal.Count(g => !g) : 1);
        }
    }
}
