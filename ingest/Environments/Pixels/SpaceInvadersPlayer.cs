using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Looks some frames ahead: away from where bullets come down, to where a shot would meet an alien as the block moves on, the
/// low ones first.
/// </summary>
/// <remarks>How long the block has waited is not to be seen: each time counts alike.</remarks>
sealed class SpaceInvadersPlayer(EnvironmentIdentity identity) : PixelPlayer(SpaceInvaders.Game, identity)
{
    const int Side = PixelGame.Side, Bottom = Side - 1, Ahead = 12, CoolDown = 5;

    // Frames that a shot may take after the last one that is looked at.
    const int Frames = Ahead + Side;

    // By waves the block moves sooner: between the first wave's interval and this.
    const int LeastInterval = 6;
    const double Death = 12, Discount = 0.96, Urgency = 0.15;

    static readonly (PixelAction Action, int X)[] Moves = [(PixelAction.None, 0), (PixelAction.Left, -1), (PixelAction.Right, 1)];

    readonly int _interval = (LeastInterval + (int)identity.Parameters[SpaceInvaders.MoveInterval]) / 2;
    readonly double _shotChance = 1 / identity.Parameters[SpaceInvaders.ShotInterval];

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        var aliens = Cells(planes, 1);
        var movesRight = Find(planes, 3) >= 0;
        var (ready, doomed) = Look(planes, aliens);
        var period = Math.Max(1, Math.Min(_interval, (int)UInt128.PopCount(aliens)));
        // [waited, frame]: the block after so many frames.
        Span<UInt128> blocks = stackalloc UInt128[period * (Frames + 1)];
        for (var waited = 0; waited < period; waited++)
            Follow(aliens, movesRight, period, waited, blocks.Slice(waited * (Frames + 1), Frames + 1));

        // [frame, x]: what shooting there and being there is worth.
        Span<double> shots = stackalloc double[Ahead * Side];
        Span<double> dangers = stackalloc double[Ahead * Side];
        for (var frame = 0; frame < Ahead; frame++)
        {
            for (var x = 0; x < Side; x++)
            {
                shots[(frame * Side) + x] = frame < ready ? 0 : Shot(blocks, period, frame, x, doomed);
                dangers[(frame * Side) + x] = Danger(planes, blocks, period, frame, x);
            }
        }

        // [has shot, x].
        Span<double> worth = stackalloc double[2 * Side];
        Span<double> later = stackalloc double[2 * Side];
        later.Clear();
        var (cannon, action) = (Find(planes, 0) % Side, PixelAction.None);
        for (var frame = Ahead - 1; frame >= 0; frame--)
        {
            for (var shot = 0; shot < 2; shot++)
            {
                for (var x = 0; x < Side; x++)
                {
                    var (best, chosen) = (double.NegativeInfinity, PixelAction.None);
                    foreach (var move in Moves)
                    {
                        var to = Math.Clamp(x + move.X, 0, Bottom);
                        var value = (Discount * later[(shot * Side) + to]) - dangers[(frame * Side) + to];
                        if (value > best)
                            (best, chosen) = (value, move.Action);
                    }

                    var shooting = shots[(frame * Side) + x] + (Discount * later[Side + x]) - dangers[(frame * Side) + x];
                    if (shot == 0 && shots[(frame * Side) + x] > 0 && shooting > best)
                        (best, chosen) = (shooting, PixelAction.Fire);
                    worth[(shot * Side) + x] = best;
                    if (frame == 0 && shot == 0 && x == cannon)
                        action = chosen;
                }
            }

            worth.CopyTo(later);
        }

        return action;
    }

    // Frames until the cannon can shoot, and the aliens that own bullets are about to hit.
    static (int Ready, UInt128 Doomed) Look(ReadOnlySpan<float> planes, UInt128 aliens)
    {
        var (ready, doomed) = (0, UInt128.Zero);
        for (var cell = 0; cell < PixelGame.Cells; cell++)
        {
            if (planes[(4 * PixelGame.Cells) + cell] == 0)
                continue;
            ready = Math.Max(ready, CoolDown - (Bottom - (cell / Side)));
            for (var above = cell - Side; above >= 0; above -= Side)
            {
                if ((aliens >> above & 1) == 0)
                    continue;
                doomed |= UInt128.One << above;
                break;
            }
        }

        return (ready, doomed);
    }

    // How likely a shot hits, more for low aliens.
    static double Shot(ReadOnlySpan<UInt128> blocks, int period, int frame, int x, UInt128 doomed)
    {
        var sum = 0.0;
        for (var waited = 0; waited < period; waited++)
        {
            var block = blocks.Slice(waited * (Frames + 1), Frames + 1);
            for (var flown = 1; flown <= Bottom; flown++)
            {
                var row = Bottom - flown;
                if ((block[frame + flown] >> ((row * Side) + x) & 1) == 0)
                    continue;
                var isDoomed = (doomed >> ((row * Side) + x) & 1) != 0;
                sum += isDoomed ? 0.1 : 1 + (Urgency * row);
                break;
            }
        }

        return sum / period;
    }

    double Danger(ReadOnlySpan<float> planes, ReadOnlySpan<UInt128> blocks, int period, int frame, int x)
    {
        // A bullet falls a row before it is looked at.
        var row = Bottom - 1 - frame;
        if (row >= 0 && planes[(5 * PixelGame.Cells) + (row * Side) + x] != 0)
            return Death;
        var sum = 0.0;
        for (var waited = 0; waited < period; waited++)
        {
            var block = blocks[(waited * (Frames + 1)) + frame + 1];
            if ((block >> ((Bottom * Side) + x) & 1) != 0)
                sum += Death;
            // A shot from near cannot be dodged.
            for (var near = 1; near <= 3; near++)
            {
                if ((block >> (((Bottom - near) * Side) + x) & 1) == 0)
                    continue;
                sum += Death * _shotChance / near;
                break;
            }
        }

        return sum / period;
    }

    static void Follow(UInt128 block, bool movesRight, int period, int waited, Span<UInt128> frames)
    {
        frames[0] = block;
        for (var frame = 1; frame < frames.Length; frame++)
        {
            if ((frame + waited) % period == 0)
                (block, movesRight) = SpaceInvaders.Moved(block, movesRight);
            frames[frame] = block;
        }
    }

    static UInt128 Cells(ReadOnlySpan<float> planes, int plane)
    {
        UInt128 cells = 0;
        for (var cell = 0; cell < PixelGame.Cells; cell++)
        {
            if (planes[(plane * PixelGame.Cells) + cell] != 0)
                cells |= UInt128.One << cell;
        }

        return cells;
    }
}
