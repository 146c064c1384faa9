using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MinAtar's freeway: lead a chicken over eight lanes of cars, again and again.</summary>
/// <remarks>
/// The chicken moves up or down column 4, at most once in <c>player_interval</c> frames. At the top it earns 1, starts again
/// at the bottom, and all cars get new speeds and directions. A car moves a cell each 1 to 5 frames and comes back at the
/// other side; one that meets the chicken sends it to the bottom. An episode is terminated after its 2,501st frame.
/// Planes: chicken, car, and the cell behind a car on the plane of its speed (a cell each 1, 2, 3, 4 or 5 frames).
/// </remarks>
sealed class Freeway : PixelGame
{
    public const string PlayerInterval = "player_interval";
    public const string SlowestCar = "slowest_car";
    const int Lanes = 8;
    const int Column = 4;
    const int Bottom = Side - 1;
    const int Frames = 2500;
    const int MostInterval = 100;
    const int Slowest = 5;

    static readonly StateField[] Fields =
    [
        new("chicken y", 1, Bottom),
        new("frames to the next move", 0, MostInterval),
        new("frames left", 0, Frames),
        .. Enumerable.Range(1, Lanes).SelectMany(y => new[]
        {
            new StateField($"car {y} x", 0, Side - 1),
            new StateField($"car {y} frames to the next move", 0, Slowest),
            new StateField($"car {y} frames between moves", 1, Slowest),
            new StateField($"car {y} moves right (0 or 1)", 0, 1),
        }),
    ];

    readonly Crossing[] _crossings;

    // [B, 8].
    readonly Car[] _cars;
    readonly int _playerInterval, _slowest;

    public Freeway(EnvironmentIdentity identity, int count)
        : base(identity, Game, Fields, count)
    {
        _crossings = new Crossing[count];
        _cars = new Car[count * Lanes];
        (_playerInterval, _slowest) = (Whole(PlayerInterval), Whole(SlowestCar));
    }

    public static GameDescription Game { get; } = new(
        ["chicken", "car", "speed 1", "speed 2", "speed 3", "speed 4", "speed 5"],
        [PixelAction.None, PixelAction.Up, PixelAction.Down]);

    protected override void Begin(int instance, RandomStream random)
    {
        var cars = Cars(instance);
        cars.Clear();
        DrawSpeeds(cars, random);
        _crossings[instance] = new Crossing { Y = Bottom, ToMove = _playerInterval, Left = Frames };
    }

    protected override double Move(int instance, PixelAction action, RandomStream random, out bool ended)
    {
        ref var crossing = ref _crossings[instance];
        var cars = Cars(instance);
        if (crossing.ToMove == 0 && action is (PixelAction.Up or PixelAction.Down))
        {
            crossing.ToMove = _playerInterval;
            crossing.Y = action == PixelAction.Up ? Math.Max(0, crossing.Y - 1) : Math.Min(Bottom, crossing.Y + 1);
        }

        var reward = 0.0;
        if (crossing.Y == 0)
        {
            reward = 1;
            DrawSpeeds(cars, random);
            crossing.Y = Bottom;
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            ref var car = ref cars[lane];
            // Before and after it moves; a chicken that was hit is on the bottom row, where no car is.
            if (car.X == Column && lane + 1 == crossing.Y)
                crossing.Y = Bottom;
            if (car.ToMove > 0)
            {
                car.ToMove--;
                continue;
            }

            car.ToMove = car.Interval;
            car.X = (sbyte)((car.X + (car.MovesRight ? 1 : Side - 1)) % Side);
            if (car.X == Column && lane + 1 == crossing.Y)
                crossing.Y = Bottom;
        }

        if (crossing.ToMove > 0)
            crossing.ToMove--;
        ended = --crossing.Left < 0;
        return reward;
    }

    protected override void Draw(int instance, Span<float> planes)
    {
        Set(planes, 0, Column, _crossings[instance].Y);
        var cars = Cars(instance);
        for (var lane = 0; lane < Lanes; lane++)
        {
            var car = cars[lane];
            Set(planes, 1, car.X, lane + 1);
            Set(planes, 1 + car.Interval, (car.X + (car.MovesRight ? Side - 1 : 1)) % Side, lane + 1);
        }
    }

    protected override void Read(int instance, Span<int> state)
    {
        ref readonly var crossing = ref _crossings[instance];
        (state[0], state[1], state[2]) = (crossing.Y, crossing.ToMove, crossing.Left);
        var cars = Cars(instance);
        for (var lane = 0; lane < Lanes; lane++)
        {
            var car = cars[lane];
            var at = 3 + (4 * lane);
            (state[at], state[at + 1], state[at + 2], state[at + 3]) = (car.X, car.ToMove, car.Interval, car.MovesRight ? 1 : 0);
        }
    }

    protected override void Write(int instance, ReadOnlySpan<int> state)
    {
        _crossings[instance] = new Crossing { Y = state[0], ToMove = state[1], Left = state[2] };
        var cars = Cars(instance);
        for (var lane = 0; lane < Lanes; lane++)
        {
            var at = 3 + (4 * lane);
            cars[lane] = new Car { X = (sbyte)state[at], ToMove = (sbyte)state[at + 1], Interval = (sbyte)state[at + 2], MovesRight = state[at + 3] == 1 };
        }
    }

    // Where the cars are stays.
    void DrawSpeeds(Span<Car> cars, RandomStream random)
    {
        // All speeds are drawn before the first direction.
        foreach (ref var car in cars)
            car.Interval = car.ToMove = (sbyte)(1 + random.NextInt(_slowest));
        foreach (ref var car in cars)
            car.MovesRight = random.NextDouble() >= 0.5;
    }

    Span<Car> Cars(int instance) => _cars.AsSpan(instance * Lanes, Lanes);

    struct Crossing
    {
        public int Y, ToMove, Left;
    }

    struct Car
    {
        public sbyte X, ToMove, Interval;
        public bool MovesRight;
    }
}
