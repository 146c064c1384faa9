using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Looks some frames ahead, over where each thing may be by then, and goes where gold is near and enemies are not.
/// </summary>
/// <remarks>
/// How often things move is not to be seen: each interval of one to five frames counts alike. What comes into the screen
/// meanwhile is not foreseen but for keeping off the edges where it comes in.
/// </remarks>
sealed class AsterixPlayer : PixelPlayer
{
    const int Side = PixelGame.Side, Rows = 8, Ahead = 20, SlowestInterval = 5;
    const double Death = 8, Discount = 0.97, EdgeRisk = 0.004;

    static readonly (PixelAction Action, int X, int Y)[] Moves =
        [(PixelAction.None, 0, 0), (PixelAction.Left, -1, 0), (PixelAction.Up, 0, -1), (PixelAction.Right, 1, 0), (PixelAction.Down, 0, 1)];

    // [frame, distance gone]: the chance that a thing has gone so far by then.
    static readonly double[,] Gone = ChancesOfGone();

    public AsterixPlayer(EnvironmentIdentity identity)
        : base(Asterix.Game, identity)
    {
    }

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        Span<Thing> things = stackalloc Thing[Rows];
        Look(planes, things);
        // Worth of the cells of rows 1 to 8 with so many frames to go; from the last frame back to this one.
        Span<double> worth = stackalloc double[Rows * Side];
        Span<double> later = stackalloc double[Rows * Side];
        later.Clear();
        for (var frame = Ahead; frame >= 1; frame--)
        {
            for (var cell = 0; cell < worth.Length; cell++)
                worth[cell] = Arrive(things[cell / Side], cell % Side, frame) + (Discount * Best(later, cell, out _));
            worth.CopyTo(later);
        }

        var player = Find(planes, 0) - Side;
        Best(later, player, out var action);
        return action;
    }

    // The best of the cells that can be reached from one in a frame.
    static double Best(ReadOnlySpan<double> worth, int cell, out PixelAction action)
    {
        var (best, x, y) = (double.NegativeInfinity, cell % Side, cell / Side);
        action = PixelAction.None;
        foreach (var move in Moves)
        {
            var to = (Math.Clamp(y + move.Y, 0, Rows - 1) * Side) + Math.Clamp(x + move.X, 0, Side - 1);
            if (worth[to] > best)
                (best, action) = (worth[to], move.Action);
        }

        return best;
    }

    // What being in a column of a thing's row is worth in a frame.
    static double Arrive(Thing thing, int x, int frame)
    {
        var edge = x is 0 or Side - 1 ? -Death * EdgeRisk : x is 1 or Side - 2 ? -Death * EdgeRisk / 4 : 0;
        if (thing.Direction == 0)
            return edge;
        var gone = (x - thing.X) * thing.Direction;
        if (gone < 0 || gone > frame)
            return 0;
        // It may be met before it moves in this frame and after.
        var chance = Math.Min(1, Gone[frame - 1, gone] + (gone > 0 ? Gone[frame, gone] * 0.5 : 0));
        return chance * (thing.IsGold ? 1 : -Death);
    }

    static void Look(ReadOnlySpan<float> planes, Span<Thing> things)
    {
        for (var row = 0; row < Rows; row++)
        {
            things[row] = default;
            var first = (row + 1) * Side;
            for (var x = 0; x < Side; x++)
            {
                var (enemy, gold) = (planes[PixelGame.Cells + first + x] != 0, planes[(3 * PixelGame.Cells) + first + x] != 0);
                if (!enemy && !gold)
                    continue;
                // The trail is the cell behind; what has just come in has none.
                var movesRight = x == 0 || (x < Side - 1 && planes[(2 * PixelGame.Cells) + first + x - 1] != 0);
                things[row] = new Thing(x, movesRight ? 1 : -1, gold);
            }
        }
    }

    static double[,] ChancesOfGone()
    {
        var chances = new double[Ahead + 1, Ahead + 1];
        for (var interval = 1; interval <= SlowestInterval; interval++)
        {
            for (var waited = 0; waited < interval; waited++)
            {
                for (var frame = 0; frame <= Ahead; frame++)
                    chances[frame, (frame + waited) / interval] += 1.0 / (SlowestInterval * interval);
            }
        }

        return chances;
    }

    /// <summary>What a row holds: direction 1 to the right, -1 to the left, 0 nothing.</summary>
    readonly record struct Thing(int X, int Direction, bool IsGold);
}
