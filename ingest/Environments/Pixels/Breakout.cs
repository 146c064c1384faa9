using System.Numerics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MinAtar's breakout: a paddle keeps a ball in play that breaks rows of bricks.</summary>
/// <remarks>
/// The ball goes diagonally, a cell a frame. At a side wall it turns sideways, at the ceiling downwards. A brick that it
/// comes upon breaks (reward 1), the ball stays in its row and turns; it breaks no other until it has met none for a
/// frame. On the bottom row it bounces straight back off a paddle that is where the ball came from, back the way it came
/// off one that is where it goes to, and is lost otherwise (terminated). Where the last brick is gone, a ball that comes
/// to the bottom row sets up all of them again. Planes: paddle, ball, trail (where the ball was), brick.
/// </remarks>
sealed class Breakout : PixelGame
{
    public const string Rows = "brick_rows";
    const int Bottom = Side - 1;
    const int MostRows = 3;

    static readonly StateField[] Fields =
    [
        new("paddle x", 0, Bottom),
        new("ball x", 0, Bottom),
        new("ball y", 0, Bottom),
        new("ball's last x", 0, Bottom),
        new("ball's last y", 0, Bottom),
        new("ball moves right (0 or 1)", 0, 1),
        new("ball moves down (0 or 1)", 0, 1),
        new("met a brick in the last frame (0 or 1)", 0, 1),
        .. Enumerable.Range(1, MostRows).Select(y => new StateField($"bricks in row {y} (bit x)", 0, (1 << Side) - 1)),
    ];

    readonly Table[] _tables;
    readonly uint _allBricks;

    public Breakout(EnvironmentIdentity identity, int count)
        : base(identity, Game, Fields, count)
    {
        _tables = new Table[count];
        _allBricks = (1u << (Whole(Rows) * Side)) - 1;
    }

    public static GameDescription Game { get; } =
        new(["paddle", "ball", "trail", "brick"], [PixelAction.None, PixelAction.Left, PixelAction.Right]);

    protected override void Begin(int instance, RandomStream random)
    {
        var fromRight = random.NextInt(2) == 1;
        var x = (sbyte)(fromRight ? Bottom : 0);
        _tables[instance] = new Table
        {
            Paddle = 4, X = x, Y = 3, LastX = x, LastY = 3, MovesX = (sbyte)(fromRight ? -1 : 1), MovesY = 1, Bricks = _allBricks,
        };
    }

    protected override double Move(int instance, PixelAction action, RandomStream random, out bool ended)
    {
        ref var t = ref _tables[instance];
        if (action == PixelAction.Left)
            t.Paddle = Math.Max((sbyte)0, (sbyte)(t.Paddle - 1));
        else if (action == PixelAction.Right)
            t.Paddle = Math.Min((sbyte)Bottom, (sbyte)(t.Paddle + 1));

        (t.LastX, t.LastY) = (t.X, t.Y);
        var (x, y) = (t.X + t.MovesX, t.Y + t.MovesY);
        if (x is < 0 or > Bottom)
        {
            x = t.X;
            t.MovesX = (sbyte)-t.MovesX;
        }

        var (reward, metBrick) = (0.0, false);
        ended = false;
        if (y < 0)
        {
            y = 0;
            t.MovesY = 1;
        }
        else if (HasBrick(t.Bricks, x, y))
        {
            metBrick = true;
            if (!t.MetBrick)
            {
                reward = 1;
                t.Bricks &= ~Brick(x, y);
                y = t.LastY;
                t.MovesY = (sbyte)-t.MovesY;
            }
        }
        else if (y == Bottom)
        {
            if (t.Bricks == 0)
                t.Bricks = _allBricks;
            if (t.X == t.Paddle || x == t.Paddle)
            {
                // Off a paddle that is ahead of it the ball goes back the way it came.
                if (t.X != t.Paddle)
                    t.MovesX = (sbyte)-t.MovesX;
                t.MovesY = (sbyte)-t.MovesY;
                y = t.LastY;
            }
            else
            {
                ended = true;
            }
        }

        t.MetBrick = metBrick;
        (t.X, t.Y) = ((sbyte)x, (sbyte)y);
        return reward;
    }

    protected override void Draw(int instance, Span<float> planes)
    {
        ref readonly var t = ref _tables[instance];
        Set(planes, 0, t.Paddle, Bottom);
        Set(planes, 1, t.X, t.Y);
        Set(planes, 2, t.LastX, t.LastY);
        // Bit 0 is the first cell of row 1.
        for (var left = t.Bricks; left != 0; left &= left - 1)
            planes[(3 * Cells) + Side + BitOperations.TrailingZeroCount(left)] = 1;
    }

    protected override void Read(int instance, Span<int> state)
    {
        ref readonly var t = ref _tables[instance];
        (state[0], state[1], state[2], state[3], state[4]) = (t.Paddle, t.X, t.Y, t.LastX, t.LastY);
        (state[5], state[6], state[7]) = (t.MovesX > 0 ? 1 : 0, t.MovesY > 0 ? 1 : 0, t.MetBrick ? 1 : 0);
        for (var row = 0; row < MostRows; row++)
            state[8 + row] = (int)(t.Bricks >> (row * Side)) & ((1 << Side) - 1);
    }

    protected override void Write(int instance, ReadOnlySpan<int> state)
    {
        var bricks = 0u;
        for (var row = 0; row < MostRows; row++)
            bricks |= (uint)state[8 + row] << (row * Side);
        if ((bricks & ~_allBricks) != 0)
            throw Throw.StateImpossible($"There are bricks below row {Whole(Rows)}, where this environment has none.");
        _tables[instance] = new Table
        {
            Paddle = (sbyte)state[0], X = (sbyte)state[1], Y = (sbyte)state[2], LastX = (sbyte)state[3], LastY = (sbyte)state[4],
            MovesX = (sbyte)((2 * state[5]) - 1), MovesY = (sbyte)((2 * state[6]) - 1), MetBrick = state[7] != 0, Bricks = bricks,
        };
    }

    static bool HasBrick(uint bricks, int x, int y) => y is >= 1 and <= MostRows && (bricks & Brick(x, y)) != 0;

    static uint Brick(int x, int y) => 1u << (((y - 1) * Side) + x);

    struct Table
    {
        public uint Bricks;
        public sbyte Paddle, X, Y, LastX, LastY;

        /// <summary>-1 or 1.</summary>
        public sbyte MovesX, MovesY;
        public bool MetBrick;
    }
}
