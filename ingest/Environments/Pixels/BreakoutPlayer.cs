using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Follows the ball to where it comes down and brings the paddle there by the way on which stickiness harms least; of the two
/// columns that catch the ball it prefers the one from which more bricks break.
/// </summary>
sealed class BreakoutPlayer(EnvironmentIdentity identity) : PixelPlayer(Breakout.Game, identity)
{
    const int Side = PixelGame.Side, Bottom = Side - 1, Longest = 64;
    const double BrickWorth = 0.02;

    static readonly (PixelAction Action, int X)[] Moves = [(PixelAction.None, 0), (PixelAction.Left, -1), (PixelAction.Right, 1)];

    readonly double _sticky = identity.Parameters[GameDescription.Sticky];
    readonly int _rows = (int)identity.Parameters[Breakout.Rows];

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        Span<bool> bricks = stackalloc bool[PixelGame.Cells];
        for (var cell = 0; cell < bricks.Length; cell++)
            bricks[cell] = planes[(3 * PixelGame.Cells) + cell] != 0;
        var paddle = Find(planes, 0) % Side;
        var ball = Look(planes, bricks, paddle);
        var frames = 1;
        while (frames < Longest && !Fly(ref ball, bricks, out _))
            frames++;

        // [last move, paddle]: the worth of having the paddle there so many frames before the ball is down.
        Span<double> worth = stackalloc double[Moves.Length * Side];
        Span<double> later = stackalloc double[Moves.Length * Side];
        for (var x = 0; x < Side; x++)
        {
            var caught = x == ball.LastX ? 1 + After(ball, ball.MovesX, bricks) : x == ball.X ? 1 + After(ball, -ball.MovesX, bricks) : 0;
            for (var last = 0; last < Moves.Length; last++)
                later[(last * Side) + x] = caught;
        }

        for (var frame = 1; frame < frames; frame++)
        {
            for (var last = 0; last < Moves.Length; last++)
            {
                for (var x = 0; x < Side; x++)
                    worth[(last * Side) + x] = ((1 - _sticky) * Best(later, x, out _)) + (_sticky * later[(last * Side) + To(x, last)]);
            }

            worth.CopyTo(later);
        }

        // What the last move was is not to be seen and does not matter: it is repeated as often whatever is chosen.
        Best(later, paddle, out var action);
        return action;
    }

    static double Best(ReadOnlySpan<double> worth, int x, out PixelAction action)
    {
        var best = double.NegativeInfinity;
        action = PixelAction.None;
        for (var move = 0; move < Moves.Length; move++)
        {
            var value = worth[(move * Side) + To(x, move)];
            if (value > best)
                (best, action) = (value, Moves[move].Action);
        }

        return best;
    }

    static int To(int x, int move) => Math.Clamp(x + Moves[move].X, 0, Bottom);

    // What the flight after a catch is worth: the bricks that break in it.
    double After(Ball ball, int movesX, ReadOnlySpan<bool> bricks)
    {
        Span<bool> left = stackalloc bool[PixelGame.Cells];
        bricks.CopyTo(left);
        if (!left.Contains(true))
            left.Slice(Side, _rows * Side).Fill(true);
        ball = ball with { Y = Bottom - 1, MovesX = movesX, MovesY = -1, MetBrick = false };
        var broken = 0;
        for (var frame = 0; frame < Longest && !Fly(ref ball, left, out var breaks); frame++)
            broken += breaks ? 1 : 0;
        return BrickWorth * broken;
    }

    // One frame; true where the ball is down then, with the columns that it came from and to.
    static bool Fly(ref Ball ball, Span<bool> bricks, out bool breaks)
    {
        breaks = false;
        ball.LastX = ball.X;
        var (x, y) = (ball.X + ball.MovesX, ball.Y + ball.MovesY);
        if (x is < 0 or >= Side)
            (x, ball.MovesX) = (ball.X, -ball.MovesX);
        var meets = false;
        if (y < 0)
        {
            (y, ball.MovesY) = (0, 1);
        }
        else if (bricks[(y * Side) + x])
        {
            meets = true;
            if (!ball.MetBrick)
            {
                bricks[(y * Side) + x] = false;
                breaks = true;
                (y, ball.MovesY) = (ball.Y, -ball.MovesY);
            }
        }

        (ball.X, ball.Y, ball.MetBrick) = (x, y, meets);
        return y == Bottom;
    }

    // Where the ball goes, from where it was.
    static Ball Look(ReadOnlySpan<float> planes, ReadOnlySpan<bool> bricks, int paddle)
    {
        var (y, x) = Math.DivRem(Find(planes, 1), Side);
        var (lastY, lastX) = Math.DivRem(Find(planes, 2), Side);
        // In the same column it turned at a wall, or an episode begins.
        var movesX = x != lastX ? x - lastX : x == 0 ? 1 : -1;
        var movesY = y - lastY;
        if (movesY == 0)
        {
            // It fell off a brick above or the ceiling, or rose off the paddle below, which sent it back where that was ahead.
            movesY = y == Bottom - 1 ? -1 : 1;
            if (movesY < 0 && paddle == x && paddle != lastX)
                movesX = -movesX;
        }

        var metBrick = bricks[(y * Side) + x] || (y == lastY && x != lastX && y is > 0 and < Bottom - 1);
        return new Ball { X = x, Y = y, LastX = lastX, MovesX = movesX, MovesY = movesY, MetBrick = metBrick };
    }

    record struct Ball(int X, int Y, int LastX, int MovesX, int MovesY, bool MetBrick);
}
