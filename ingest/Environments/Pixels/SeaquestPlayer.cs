using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Looks some frames ahead over where swimmers and bullets may be by then: fetches divers, shoots what is before it, and
/// comes up for air with a diver aboard.
/// </summary>
/// <remarks>
/// How long swimmers have waited is not to be seen: each time counts alike. A bullet's direction is that of its row's
/// submarine, or unknown.
/// </remarks>
sealed class SeaquestPlayer(EnvironmentIdentity identity) : PixelPlayer(Seaquest.Game, identity)
{
    const int Side = PixelGame.Side, Depths = 9, Cells = Depths * Side, Ahead = 12, FullCrew = 6;
    const int Front = 0, Back = 1, OwnBullets = 2, Trail = 3, EnemyBullets = 4, Fish = 5, Subs = 6, Oxygen = 7, Crew = 8, Divers = 9;
    const double Death = 10, Discount = 0.97, DiverWorth = 2, TargetWorth = 0.05;

    // How much worse it may be to stay and shoot than to go where it is best.
    const double Patience = 3;

    // Chances, by and large: of being met by what an own bullet flies at, of a shot just before a submarine, of an enemy that comes in.
    const double Doomed = 0.2, ShotRisk = 0.1, EdgeRisk = 0.02;

    // Tenths of the oxygen at which it is time to come up.
    const int LowOxygen = 3;

    static readonly (PixelAction Action, int X, int Y)[] Moves =
        [(PixelAction.None, 0, 0), (PixelAction.Left, -1, 0), (PixelAction.Up, 0, -1), (PixelAction.Right, 1, 0), (PixelAction.Down, 0, 1)];

    // [frame, distance gone]: the chance that a swimmer that moves each 3 to 6 frames has gone so far by then.
    static readonly double[,] Gone = ChancesOfGone();

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        Span<double> gains = stackalloc double[Cells * Ahead];
        gains.Clear();
        var crew = Count(planes, Crew);
        var goesUp = crew > 0 && (crew == FullCrew || Count(planes, Oxygen) <= LowOxygen);
        AddDangers(planes, gains);
        if (!goesUp && crew < FullCrew)
            AddSwimmers(planes, Divers, DiverWorth, gains);
        for (var frame = 0; frame < Ahead; frame++)
        {
            for (var cell = 0; cell < Cells; cell++)
                gains[(frame * Cells) + cell] += Place(planes, cell, crew, goesUp);
        }

        Span<double> worth = stackalloc double[Cells];
        Span<double> later = stackalloc double[Cells];
        later.Clear();
        for (var frame = Ahead - 1; frame >= 0; frame--)
        {
            for (var cell = 0; cell < Cells; cell++)
                worth[cell] = gains[(frame * Cells) + cell] + (Discount * Best(later, cell, out _));
            worth.CopyTo(later);
        }

        var here = Find(planes, Front);
        var best = Best(later, here, out var action);
        return !goesUp && later[here] > best - Patience && IsBefore(planes, here) ? PixelAction.Fire : action;
    }

    // What being in a cell is worth whatever swims there.
    static double Place(ReadOnlySpan<float> planes, int cell, int crew, bool goesUp)
    {
        if (cell < Side)
            return goesUp ? 1 : crew == 0 ? -Death : -0.2;
        var edge = (cell % Side) switch { 0 or Side - 1 => -Death * EdgeRisk, 1 or Side - 2 => -Death * EdgeRisk / 3, _ => 0 };
        return edge + (goesUp ? -0.05 * (cell / Side) : Target(planes, cell));
    }

    static double Best(ReadOnlySpan<double> worth, int cell, out PixelAction action)
    {
        var (best, x, y) = (double.NegativeInfinity, cell % Side, cell / Side);
        action = PixelAction.None;
        foreach (var move in Moves)
        {
            var to = (Math.Clamp(y + move.Y, 0, Depths - 1) * Side) + Math.Clamp(x + move.X, 0, Side - 1);
            if (worth[to] > best)
                (best, action) = (worth[to], move.Action);
        }

        return best;
    }

    static void AddDangers(ReadOnlySpan<float> planes, Span<double> gains)
    {
        AddSwimmers(planes, Fish, -Death, gains);
        AddSwimmers(planes, Subs, -Death, gains);
        for (var cell = 0; cell < Cells; cell++)
        {
            if (!IsOn(planes, EnemyBullets, cell))
                continue;
            var sub = planes.Slice((Subs * PixelGame.Cells) + (cell / Side * Side), Side).IndexOfAnyExcept(0f);
            var right = sub < 0 ? 0.5 : MovesRight(planes, (cell / Side * Side) + sub) ? 1 : 0;
            for (var frame = 0; frame < Ahead; frame++)
            {
                // Before and after it moves.
                Add(gains, frame, cell, frame, -Death * right);
                Add(gains, frame, cell, frame + 1, -Death * right);
                Add(gains, frame, cell, -frame, -Death * (1 - right));
                Add(gains, frame, cell, -frame - 1, -Death * (1 - right));
            }
        }
    }

    static void AddSwimmers(ReadOnlySpan<float> planes, int plane, double worth, Span<double> gains)
    {
        for (var cell = 0; cell < Cells; cell++)
        {
            if (!IsOn(planes, plane, cell))
                continue;
            var direction = MovesRight(planes, cell) ? 1 : -1;
            var isTarget = plane != Divers && planes.Slice((OwnBullets * PixelGame.Cells) + (cell / Side * Side), Side).ContainsAnyExcept(0f);
            var scale = isTarget ? Doomed : 1;
            for (var frame = 0; frame < Ahead; frame++)
            {
                if (plane == Subs)
                {
                    for (var d = 1; d <= 2; d++)
                        Add(gains, frame, cell, d * direction, -Death * ShotRisk / d);
                }

                for (var gone = 0; gone <= 1 + (frame / 3); gone++)
                    Add(gains, frame, cell, gone * direction, scale * worth * Math.Max(Gone[frame, gone], gone > 0 ? Gone[frame + 1, gone] : 0));
            }
        }
    }

    static void Add(Span<double> gains, int frame, int cell, int distance, double worth)
    {
        if ((cell % Side) + distance is >= 0 and < Side)
            gains[(frame * Cells) + cell + distance] += worth;
    }

    // Rows with something to shoot at some cells away are good places.
    static double Target(ReadOnlySpan<float> planes, int cell)
    {
        var (first, x) = (cell / Side * Side, cell % Side);
        for (var other = 0; other < Side; other++)
        {
            if (Math.Abs(other - x) >= 3 && (IsOn(planes, Fish, first + other) || IsOn(planes, Subs, first + other)))
                return TargetWorth;
        }

        return 0;
    }

    // Whether there is something to shoot in the direction that the submarine faces, and no bullet on its way to it.
    static bool IsBefore(ReadOnlySpan<float> planes, int here)
    {
        var direction = here - Find(planes, Back);
        for (var x = (here % Side) + direction; x is >= 0 and < Side; x += direction)
        {
            var cell = (here / Side * Side) + x;
            if (IsOn(planes, OwnBullets, cell))
                return false;
            if (IsOn(planes, Fish, cell) || IsOn(planes, Subs, cell))
                return true;
        }

        return false;
    }

    // The trail is the cell behind; what has just come in has none.
    static bool MovesRight(ReadOnlySpan<float> planes, int cell) =>
        cell % Side == 0 || (cell % Side < Side - 1 && IsOn(planes, Trail, cell - 1));

    static bool IsOn(ReadOnlySpan<float> planes, int plane, int cell) => planes[(plane * PixelGame.Cells) + cell] != 0;

    static int Count(ReadOnlySpan<float> planes, int plane) => PixelGame.Cells - System.MemoryExtensions.Count(planes.Slice(plane * PixelGame.Cells, PixelGame.Cells), 0f);

    static double[,] ChancesOfGone()
    {
        const int Fastest = 3, Slowest = 6;
        var chances = new double[Ahead + 1, Ahead + 1];
        for (var period = Fastest; period <= Slowest; period++)
        {
            for (var waited = 0; waited < period; waited++)
            {
                for (var frame = 0; frame <= Ahead; frame++)
                    chances[frame, (frame + waited) / period] += 1.0 / ((Slowest - Fastest + 1) * period);
            }
        }

        return chances;
    }
}
