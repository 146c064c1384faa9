using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MinAtar's asterix: collect treasure that crosses the screen, keep away from enemies that look like it.</summary>
/// <remarks>
/// The player moves in the four directions within rows 1 to 8. Each of those rows holds one thing at a time: every
/// <c>spawn_interval</c> frames one comes into a free row from a random side, with probability 1/3 treasure (reward 1 where
/// it meets the player), else an enemy (terminated). Things move a cell each <c>move_interval</c> frames and leave at the
/// far side. While difficulty grows, about every hundred frames things come a frame sooner, and each second time move a
/// frame sooner. Planes: player, enemy, trail (the cell behind a thing), gold.
/// </remarks>
sealed class Asterix : PixelGame
{
    public const string SpawnInterval = "spawn_interval";
    public const string MoveInterval = "move_interval";
    const int Rows = 8;
    const int RampInterval = 100;
    const int MostInterval = 100;

    static readonly StateField[] Fields =
    [
        new("player x", 0, Side - 1),
        new("player y", 1, Rows),
        new("frames between spawns", 1, MostInterval),
        new("frames to the next spawn", 0, MostInterval),
        new("frames between moves", 1, MostInterval),
        new("frames to the next move", 0, MostInterval),
        new("frames to the next ramp", -1, RampInterval),
        new("ramps so far", 0, int.MaxValue),
        .. Enumerable.Range(1, Rows).SelectMany(y => new[]
        {
            new StateField($"row {y} (0 empty, 1 enemy, 2 gold)", 0, 2),
            new StateField($"row {y} thing's x", 0, Side - 1),
            new StateField($"row {y} thing moves right (0 or 1)", 0, 1),
        }),
    ];

    readonly Level[] _levels;

    // [B, 8].
    readonly Thing[] _things;
    readonly int _spawnInterval, _moveInterval;
    readonly bool _ramps;

    public Asterix(EnvironmentIdentity identity, int count)
        : base(identity, Game, Fields, count)
    {
        _levels = new Level[count];
        _things = new Thing[count * Rows];
        (_spawnInterval, _moveInterval, _ramps) = (Whole(SpawnInterval), Whole(MoveInterval), Whole(GameDescription.Ramping) == 1);
    }

    enum Kind : byte
    {
        Nothing,
        Enemy,
        Gold,
    }

    public static GameDescription Game { get; } = new(
        ["player", "enemy", "trail", "gold"],
        [PixelAction.None, PixelAction.Left, PixelAction.Up, PixelAction.Right, PixelAction.Down]);

    protected override void Begin(int instance, RandomStream random)
    {
        _levels[instance] = new Level
        {
            X = 5,
            Y = 5,
            SpawnInterval = _spawnInterval,
            ToSpawn = _spawnInterval,
            MoveInterval = _moveInterval,
            ToMove = _moveInterval,
            ToRamp = RampInterval,
        };
        Things(instance).Clear();
    }

    protected override double Move(int instance, PixelAction action, RandomStream random, out bool ended)
    {
        ref var level = ref _levels[instance];
        var things = Things(instance);
        if (level.ToSpawn == 0)
        {
            Spawn(things, random);
            level.ToSpawn = level.SpawnInterval;
        }

        switch (action)
        {
            case PixelAction.Left:
                level.X = Math.Max(0, level.X - 1);
                break;
            case PixelAction.Right:
                level.X = Math.Min(Side - 1, level.X + 1);
                break;
            case PixelAction.Up:
                level.Y = Math.Max(1, level.Y - 1);
                break;
            case PixelAction.Down:
                level.Y = Math.Min(Rows, level.Y + 1);
                break;
            default:
                break;
        }

        var reward = 0.0;
        ended = false;
        // Only the thing in the player's row can meet it.
        Meet(things, level, ref reward, ref ended);
        if (level.ToMove == 0)
        {
            level.ToMove = level.MoveInterval;
            foreach (ref var thing in things)
            {
                if (thing.Kind == Kind.Nothing)
                    continue;
                thing.X += (sbyte)(thing.MovesRight ? 1 : -1);
                if (thing.X is < 0 or >= Side)
                    thing.Kind = Kind.Nothing;
            }

            Meet(things, level, ref reward, ref ended);
        }

        level.ToSpawn--;
        level.ToMove--;
        if (_ramps && (level.SpawnInterval > 1 || level.MoveInterval > 1))
            Ramp(ref level);
        return reward;
    }

    protected override void Draw(int instance, Span<float> planes)
    {
        ref readonly var level = ref _levels[instance];
        Set(planes, 0, level.X, level.Y);
        var things = Things(instance);
        for (var row = 0; row < Rows; row++)
        {
            var thing = things[row];
            if (thing.Kind == Kind.Nothing)
                continue;
            Set(planes, thing.Kind == Kind.Gold ? 3 : 1, thing.X, row + 1);
            var behind = thing.MovesRight ? thing.X - 1 : thing.X + 1;
            if (behind is >= 0 and < Side)
                Set(planes, 2, behind, row + 1);
        }
    }

    protected override void Read(int instance, Span<int> state)
    {
        ref readonly var level = ref _levels[instance];
        (state[0], state[1], state[2], state[3]) = (level.X, level.Y, level.SpawnInterval, level.ToSpawn);
        (state[4], state[5], state[6], state[7]) = (level.MoveInterval, level.ToMove, level.ToRamp, level.Ramps);
        var things = Things(instance);
        for (var row = 0; row < Rows; row++)
        {
            // Where nothing is, the rest of the row means nothing.
            var thing = things[row].Kind == Kind.Nothing ? default : things[row];
            (state[8 + (3 * row)], state[9 + (3 * row)], state[10 + (3 * row)]) = ((int)thing.Kind, thing.X, thing.MovesRight ? 1 : 0);
        }
    }

    protected override void Write(int instance, ReadOnlySpan<int> state)
    {
        _levels[instance] = new Level
        {
            X = state[0],
            Y = state[1],
            SpawnInterval = state[2],
            ToSpawn = state[3],
            MoveInterval = state[4],
            ToMove = state[5],
            ToRamp = state[6],
            Ramps = state[7],
        };
        var things = Things(instance);
        for (var row = 0; row < Rows; row++)
            things[row] = new Thing { Kind = (Kind)state[8 + (3 * row)], X = (sbyte)state[9 + (3 * row)], MovesRight = state[10 + (3 * row)] == 1 };
    }

    static void Spawn(Span<Thing> things, RandomStream random)
    {
        // Both are drawn even where no row is free.
        var movesRight = random.NextDouble() < 0.5;
        var isGold = random.NextDouble() < 1.0 / 3.0;
        var free = 0;
        foreach (var thing in things)
            free += thing.Kind == Kind.Nothing ? 1 : 0;
        if (free == 0)
            return;
        var nth = random.NextInt(free);
        var row = 0;
        while (things[row].Kind != Kind.Nothing || nth-- > 0)
            row++;
        things[row] = new Thing { Kind = isGold ? Kind.Gold : Kind.Enemy, X = (sbyte)(movesRight ? 0 : Side - 1), MovesRight = movesRight };
    }

    static void Meet(Span<Thing> things, in Level level, ref double reward, ref bool ended)
    {
        ref var thing = ref things[level.Y - 1];
        if (thing.Kind == Kind.Nothing || thing.X != level.X)
            return;
        if (thing.Kind == Kind.Enemy)
        {
            ended = true;
            return;
        }

        thing.Kind = Kind.Nothing;
        reward++;
    }

    static void Ramp(ref Level level)
    {
        if (level.ToRamp >= 0)
        {
            level.ToRamp--;
            return;
        }

        if (level.MoveInterval > 1 && level.Ramps % 2 == 1)
            level.MoveInterval--;
        if (level.SpawnInterval > 1)
            level.SpawnInterval--;
        level.Ramps++;
        level.ToRamp = RampInterval;
    }

    Span<Thing> Things(int instance) => _things.AsSpan(instance * Rows, Rows);

    struct Level
    {
        public int X, Y, SpawnInterval, ToSpawn, MoveInterval, ToMove, ToRamp, Ramps;
    }

    struct Thing
    {
        public Kind Kind;
        public sbyte X;
        public bool MovesRight;
    }
}
