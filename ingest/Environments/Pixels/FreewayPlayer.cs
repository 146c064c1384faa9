using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Looks some frames ahead, over where each car may be by then, and goes up where that is worth its risk.</summary>
/// <remarks>
/// A car's speed is to be seen, but not how long it has stood in its cell: each time counts alike. When the chicken may move
/// next is not to be seen either; it is taken to be now, since an action does nothing until then.
/// </remarks>
sealed class FreewayPlayer : PixelPlayer
{
    const int Side = PixelGame.Side, Lanes = 8, Column = 4, Bottom = Side - 1, Ahead = 48, Slowest = 5;
    const double Discount = 0.985;

    readonly int _interval;

    public FreewayPlayer(EnvironmentIdentity identity)
        : base(Freeway.Game, identity) => _interval = (int)identity.Parameters[Freeway.PlayerInterval];

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        Span<double> stands = stackalloc double[Lanes * (Ahead + 1)];
        Span<double> comes = stackalloc double[Lanes * (Ahead + 1)];
        for (var lane = 0; lane < Lanes; lane++)
            Look(planes, lane, stands.Slice(lane * (Ahead + 1), Ahead + 1), comes.Slice(lane * (Ahead + 1), Ahead + 1));

        // [wait, y]: worth with so many frames to wait for a move, from the last frame back to this one.
        Span<double> worth = stackalloc double[_interval * Side];
        Span<double> later = stackalloc double[_interval * Side];
        for (var wait = 0; wait < _interval; wait++)
        {
            for (var y = 0; y < Side; y++)
                later[(wait * Side) + y] = Rest(y, wait);
        }

        var now = Find(planes, 0) / Side;
        var action = PixelAction.None;
        for (var frame = Ahead - 1; frame >= 0; frame--)
        {
            for (var wait = 0; wait < _interval; wait++)
            {
                for (var y = 1; y < Side; y++)
                {
                    var best = After(y, y, Math.Max(0, wait - 1), frame, stands, comes, later);
                    var chosen = PixelAction.None;
                    if (wait == 0)
                    {
                        Try(y - 1, PixelAction.Up, stands, comes, later);
                        if (y < Bottom)
                            Try(y + 1, PixelAction.Down, stands, comes, later);
                    }

                    worth[(wait * Side) + y] = best;
                    if (frame == 0 && wait == 0 && y == now)
                        action = chosen;

                    void Try(int to, PixelAction how, ReadOnlySpan<double> stands, ReadOnlySpan<double> comes, ReadOnlySpan<double> later)
                    {
                        var value = After(y, to, _interval - 1, frame, stands, comes, later);
                        if (value > best)
                            (best, chosen) = (value, how);
                    }
                }
            }

            worth.CopyTo(later);
        }

        return action;
    }

    // Worth of being in row y after a frame that began in row from.
    static double After(int from, int y, int wait, int frame, ReadOnlySpan<double> stands, ReadOnlySpan<double> comes, ReadOnlySpan<double> later)
    {
        if (y == 0)
            return 1 + (Discount * later[(wait * Side) + Bottom]);
        var at = (wait * Side) + y;
        if (y == Bottom)
            return Discount * later[at];
        var hit = comes[((y - 1) * (Ahead + 1)) + frame];
        if (y != from)
            hit = Math.Min(1, hit + stands[((y - 1) * (Ahead + 1)) + frame]);
        return Discount * ((hit * later[(wait * Side) + Bottom]) + ((1 - hit) * later[at]));
    }

    // Beyond what is looked at: as far as it is to the top, at a crossing in about twice the least number of frames.
    double Rest(int y, int wait)
    {
        var crossing = Math.Pow(Discount, 2.0 * Bottom * _interval);
        return Math.Pow(Discount, (1.5 * y * _interval) + wait) * (1 + crossing);
    }

    // The chances that a lane's car stands in the chicken's column when a frame begins, and that it comes there in that frame.
    static void Look(ReadOnlySpan<float> planes, int lane, Span<double> stands, Span<double> comes)
    {
        stands.Clear();
        comes.Clear();
        var first = (lane + 1) * Side;
        var x = planes.Slice(PixelGame.Cells + first, Side).IndexOfAnyExcept(0f);
        for (var speed = 1; speed <= Slowest; speed++)
        {
            var trail = planes.Slice(((1 + speed) * PixelGame.Cells) + first, Side).IndexOfAnyExcept(0f);
            if (trail < 0)
                continue;
            var direction = trail == (x + Side - 1) % Side ? 1 : Side - 1;
            // It moves each so many frames.
            var period = speed + 1;
            for (var stood = 0; stood < period; stood++)
            {
                for (var frame = 0; frame < stands.Length; frame++)
                {
                    var (before, after) = (Place(frame), Place(frame + 1));
                    stands[frame] += before == Column ? 1.0 / period : 0;
                    comes[frame] += after == Column && before != Column ? 1.0 / period : 0;

                    int Place(int frames) => (x + (direction * ((frames + stood) / period))) % Side;
                }
            }
        }
    }
}
