using System.Numerics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MinAtar's space invaders: a cannon shoots at aliens that come down in a block and shoot back.</summary>
/// <remarks>
/// The cannon moves along the bottom row and shoots upwards, at most once in five frames. Bullets move a cell a frame; an
/// alien that is shot earns 1. The 24 aliens move sideways together, each <c>move_interval</c> frames or as many as aliens are
/// left where that is fewer; at a wall they move down and turn. Each <c>shot_interval</c> frames the lowest alien of the
/// column nearest to the cannon (the left one of two) shoots. A bullet or an alien that meets the cannon, or aliens that
/// turn on the bottom row, end the episode. A wave that is cleared is followed by another, which, while difficulty grows,
/// moves a frame sooner, down to six. Planes: cannon, aliens, aliens that move left, that move right, own bullets, enemy
/// bullets.
/// </remarks>
sealed class SpaceInvaders : PixelGame
{
    public const string MoveInterval = "move_interval";
    public const string ShotInterval = "shot_interval";
    const int Bottom = Side - 1;
    const int ShotCoolDown = 5;
    const int LeastMoveInterval = 6;
    const int MostInterval = 100;
    const int OwnFields = 7;

    // Sets of cells: bit y * 10 + x.
    static readonly UInt128 Screen = (UInt128.One << Cells) - 1;
    static readonly UInt128 Row = (UInt128.One << Side) - 1;
    static readonly UInt128 LeftColumn = ColumnOf(0);
    static readonly UInt128 RightColumn = ColumnOf(Side - 1);
    static readonly UInt128 Wave = WaveOf();

    static readonly StateField[] Fields =
    [
        new("cannon x", 0, Bottom),
        new("aliens move right (0 or 1)", 0, 1),
        new("frames between moves", 1, MostInterval),
        new("frames to the aliens' next move", 0, MostInterval),
        new("frames to the aliens' next shot", 0, MostInterval),
        new("frames to the cannon's next shot", 0, ShotCoolDown),
        new("ramps so far", 0, int.MaxValue),
        .. Rows("aliens"),
        .. Rows("own bullets"),
        .. Rows("enemy bullets"),
    ];

    readonly Battle[] _battles;
    readonly int _moveInterval, _shotInterval;
    readonly bool _ramps;

    public SpaceInvaders(EnvironmentIdentity identity, int count)
        : base(identity, Game, Fields, count)
    {
        _battles = new Battle[count];
        (_moveInterval, _shotInterval, _ramps) = (Whole(MoveInterval), Whole(ShotInterval), Whole(GameDescription.Ramping) == 1);
    }

    public static GameDescription Game { get; } = new(
        ["cannon", "aliens", "aliens that move left", "aliens that move right", "own bullets", "enemy bullets"],
        [PixelAction.None, PixelAction.Left, PixelAction.Right, PixelAction.Fire]);

    protected override void Begin(int instance, RandomStream random) => _battles[instance] = new Battle
    {
        Cannon = 5,
        Aliens = Wave,
        MoveInterval = _moveInterval,
        ToMove = _moveInterval,
        ToAlienShot = _shotInterval,
    };

    protected override double Move(int instance, PixelAction action, RandomStream random, out bool ended)
    {
        ref var battle = ref _battles[instance];
        Act(ref battle, action);
        battle.Bullets >>= Side;
        battle.EnemyBullets = (battle.EnemyBullets << Side) & Screen;
        var cannon = Cell(battle.Cannon, Bottom);
        ended = ((battle.EnemyBullets | battle.Aliens) & cannon) != 0;
        if (battle.ToMove == 0)
        {
            MoveAliens(ref battle, ref ended);
            ended |= (battle.Aliens & cannon) != 0;
        }

        if (battle.ToAlienShot == 0)
        {
            battle.ToAlienShot = _shotInterval;
            battle.EnemyBullets |= Shooter(battle.Aliens, battle.Cannon);
        }

        var hit = battle.Aliens & battle.Bullets;
        battle.Aliens &= ~hit;
        battle.Bullets &= ~hit;
        battle.ToShot -= battle.ToShot > 0 ? 1 : 0;
        battle.ToMove--;
        battle.ToAlienShot--;
        if (battle.Aliens == 0)
        {
            if (_ramps && battle.MoveInterval > LeastMoveInterval)
            {
                battle.MoveInterval--;
                battle.Ramps++;
            }

            battle.Aliens = Wave;
        }

        return Number(hit);
    }

    protected override void Draw(int instance, Span<float> planes)
    {
        ref readonly var battle = ref _battles[instance];
        Set(planes, 0, battle.Cannon, Bottom);
        Draw(planes, 1, battle.Aliens);
        Draw(planes, battle.MovesRight ? 3 : 2, battle.Aliens);
        Draw(planes, 4, battle.Bullets);
        Draw(planes, 5, battle.EnemyBullets);
    }

    protected override void Read(int instance, Span<int> state)
    {
        ref readonly var battle = ref _battles[instance];
        (state[0], state[1], state[2], state[3]) = (battle.Cannon, battle.MovesRight ? 1 : 0, battle.MoveInterval, battle.ToMove);
        (state[4], state[5], state[6]) = (battle.ToAlienShot, battle.ToShot, battle.Ramps);
        for (var y = 0; y < Side; y++)
        {
            state[OwnFields + y] = RowOf(battle.Aliens, y);
            state[OwnFields + Side + y] = RowOf(battle.Bullets, y);
            state[OwnFields + (2 * Side) + y] = RowOf(battle.EnemyBullets, y);
        }
    }

    protected override void Write(int instance, ReadOnlySpan<int> state)
    {
        var battle = new Battle
        {
            Cannon = state[0],
            MovesRight = state[1] == 1,
            MoveInterval = state[2],
            ToMove = state[3],
            ToAlienShot = state[4],
            ToShot = state[5],
            Ramps = state[6],
        };
        for (var y = 0; y < Side; y++)
        {
            battle.Aliens |= (UInt128)(uint)state[OwnFields + y] << (y * Side);
            battle.Bullets |= (UInt128)(uint)state[OwnFields + Side + y] << (y * Side);
            battle.EnemyBullets |= (UInt128)(uint)state[OwnFields + (2 * Side) + y] << (y * Side);
        }

        if (battle.Aliens == 0)
            throw Throw.StateImpossible("There is no alien; a wave that is cleared is followed by another at once.");
        _battles[instance] = battle;
    }

    static void Act(ref Battle battle, PixelAction action)
    {
        switch (action)
        {
            case PixelAction.Fire when battle.ToShot == 0:
                battle.Bullets |= Cell(battle.Cannon, Bottom);
                battle.ToShot = ShotCoolDown;
                break;
            case PixelAction.Left:
                battle.Cannon = Math.Max(0, battle.Cannon - 1);
                break;
            case PixelAction.Right:
                battle.Cannon = Math.Min(Bottom, battle.Cannon + 1);
                break;
            default:
                break;
        }
    }

    /// <summary>The block after a move: sideways, or down and turned at a wall.</summary>
    internal static (UInt128 Aliens, bool MovesRight) Moved(UInt128 aliens, bool movesRight)
    {
        if ((aliens & (movesRight ? RightColumn : LeftColumn)) == 0)
            return (movesRight ? aliens << 1 : aliens >> 1, movesRight);
        // Those that leave the bottom row, in the last frame of an episode, show on top.
        return (((aliens << Side) | (aliens >> (Bottom * Side))) & Screen, !movesRight);
    }

    static void MoveAliens(ref Battle battle, ref bool ended)
    {
        battle.ToMove = Math.Min(Number(battle.Aliens), battle.MoveInterval);
        var (aliens, movesRight) = Moved(battle.Aliens, battle.MovesRight);
        ended |= movesRight != battle.MovesRight && battle.Aliens >> (Bottom * Side) != 0;
        (battle.Aliens, battle.MovesRight) = (aliens, movesRight);
    }

    // The cell of the lowest alien in the column nearest to the cannon, the left one of two as near.
    static UInt128 Shooter(UInt128 aliens, int cannon)
    {
        for (var distance = 0; ; distance++)
        {
            var left = cannon >= distance ? aliens & (LeftColumn << (cannon - distance)) : 0;
            var right = cannon + distance < Side ? aliens & (LeftColumn << (cannon + distance)) : 0;
            var column = left != 0 ? left : right;
            if (column != 0)
                return UInt128.One << (int)UInt128.Log2(column);
        }
    }

    static void Draw(Span<float> planes, int plane, UInt128 cells)
    {
        var target = planes.Slice(plane * Cells, Cells);
        for (var low = (ulong)cells; low != 0; low &= low - 1)
            target[BitOperations.TrailingZeroCount(low)] = 1;
        for (var high = (ulong)(cells >> 64); high != 0; high &= high - 1)
            target[64 + BitOperations.TrailingZeroCount(high)] = 1;
    }

    static IEnumerable<StateField> Rows(string what) => Enumerable.Range(0, Side).Select(y => new StateField($"{what} in row {y} (bit x)", 0, (1 << Side) - 1));

    static UInt128 Cell(int x, int y) => UInt128.One << ((y * Side) + x);

    static int RowOf(UInt128 cells, int y) => (int)((cells >> (y * Side)) & Row);

    static int Number(UInt128 cells) => (int)UInt128.PopCount(cells);

    static UInt128 ColumnOf(int x)
    {
        UInt128 cells = 0;
        for (var y = 0; y < Side; y++)
            cells |= Cell(x, y);
        return cells;
    }

    // Four rows of six.
    static UInt128 WaveOf()
    {
        UInt128 cells = 0;
        for (var y = 0; y < 4; y++)
        {
            for (var x = 2; x < 8; x++)
                cells |= Cell(x, y);
        }

        return cells;
    }

    struct Battle
    {
        public UInt128 Aliens, Bullets, EnemyBullets;
        public int Cannon, MoveInterval, ToMove, ToAlienShot, ToShot, Ramps;
        public bool MovesRight;
    }
}
