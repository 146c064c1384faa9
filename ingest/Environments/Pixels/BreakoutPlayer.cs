using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Moves the paddle towards the column where a falling ball will land, bricks not counted, or under a rising one.</summary>
sealed class BreakoutPlayer(EnvironmentIdentity identity) : PixelPlayer(Breakout.Game, identity)
{
    const int Side = PixelGame.Side;

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        var paddle = Find(planes, 0) % Side;
        var (y, x) = Math.DivRem(Find(planes, 1), Side);
        var (lastY, lastX) = Math.DivRem(Find(planes, 2), Side);
        // A ball that stayed in its row fell off a brick above or rose off the paddle below.
        var falls = y > lastY || (y == lastY && y < Side / 2);
        // At an episode's start there is no trail yet; the ball leaves the wall that it is at.
        var target = falls ? Landing(x, y, x == lastX ? (x == 0 ? 1 : -1) : x - lastX) : x;
        return target < paddle ? PixelAction.Left : target > paddle ? PixelAction.Right : PixelAction.None;
    }

    // The last column before the bottom row: a paddle there sends the ball back.
    static int Landing(int x, int y, int moves)
    {
        for (; y < Side - 2; y++)
        {
            if (x + moves is < 0 or >= Side)
                moves = -moves;
            else
                x += moves;
        }

        return x;
    }
}
