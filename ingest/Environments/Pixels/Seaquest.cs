using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MinAtar's seaquest: a submarine shoots, dodges, fetches divers and has to come up for air.</summary>
/// <remarks>
/// The submarine moves in the four directions within rows 0 (the surface) to 8 and shoots the way it faces, at most once in
/// five frames. Fish and enemy submarines cross rows 1 to 8; one that is shot earns 1; one that meets the submarine, or an
/// enemy's bullet that does, ends the episode, and so does running out of oxygen or surfacing without a diver. Divers cross,
/// too; up to six come aboard. Surfacing with six earns a point for each tenth of oxygen left and lands all, else one; it
/// fills the oxygen and, while difficulty grows, makes enemies come a frame sooner and, each second time, move a frame sooner.
/// Where the reference is odd this is as odd: landing six takes seven, so that surfacing once more without a diver is
/// forgiven; and of two swimmers alike in all, removing the later one removes the earlier.
/// Planes: submarine's front and back, own bullets, trail (the cell behind a swimmer), enemy bullets, fish, enemy submarines,
/// oxygen gauge, diver gauge, divers.
/// </remarks>
sealed class Seaquest : PixelGame
{
    public const string SpawnInterval = "spawn_interval";
    public const string MoveInterval = "move_interval";
    public const string DiverInterval = "diver_interval";
    public const string ShotInterval = "shot_interval";
    public const string Oxygen = "oxygen";
    const int Lowest = 8;
    const int MostDivers = 6;
    const int ShotCoolDown = 5;
    const int DiverMoveInterval = 5;

    readonly Dive[] _dives;
    readonly Swarm _bullets, _enemyBullets, _fish, _subs, _divers;
    readonly int _spawnInterval, _moveInterval, _diverInterval, _shotInterval, _oxygen;
    readonly bool _ramps;

    public Seaquest(EnvironmentIdentity identity, int count)
        : base(identity, Game, Fields(Capacities.Of(identity)), count)
    {
        _dives = new Dive[count];
        (_spawnInterval, _moveInterval, _diverInterval) = (Whole(SpawnInterval), Whole(MoveInterval), Whole(DiverInterval));
        (_shotInterval, _oxygen, _ramps) = (Whole(ShotInterval), Whole(Oxygen), Whole(GameDescription.Ramping) == 1);
        var capacities = Capacities.Of(identity);
        _bullets = new Swarm(capacities.Bullets, count);
        _enemyBullets = new Swarm(capacities.EnemyBullets, count);
        _fish = new Swarm(capacities.Enemies, count);
        _subs = new Swarm(capacities.Enemies, count);
        _divers = new Swarm(capacities.Divers, count);
    }

    public static GameDescription Game { get; } = new(
        ["submarine's front", "submarine's back", "own bullets", "trail", "enemy bullets", "fish", "enemy submarines", "oxygen", "divers aboard", "divers"],
        Enum.GetValues<PixelAction>());

    protected override void Begin(int instance, RandomStream random)
    {
        _dives[instance] = new Dive
        {
            X = 5,
            Oxygen = _oxygen,
            SpawnInterval = _spawnInterval,
            ToSpawn = _spawnInterval,
            ToDiver = _diverInterval,
            MoveInterval = _moveInterval,
            IsUp = true,
        };
        foreach (var swarm in (ReadOnlySpan<Swarm>)[_bullets, _enemyBullets, _fish, _subs, _divers])
            swarm.Clear(instance);
    }

    protected override double Move(int instance, PixelAction action, RandomStream random, out bool ended)
    {
        ref var dive = ref _dives[instance];
        Spawn(instance, ref dive, random);
        Act(instance, ref dive, action);
        var reward = MoveBullets(instance);
        MoveDivers(instance, ref dive);
        ended = false;
        reward += MoveSubs(instance, dive, ref ended);
        MoveEnemyBullets(instance, dive, ref ended);
        reward += MoveFish(instance, dive, ref ended);

        dive.ToSpawn -= dive.ToSpawn > 0 ? 1 : 0;
        dive.ToDiver -= dive.ToDiver > 0 ? 1 : 0;
        dive.ToShoot -= dive.ToShoot > 0 ? 1 : 0;
        ended |= dive.Oxygen <= 0;
        if (dive.Y > 0)
        {
            dive.Oxygen--;
            dive.IsUp = false;
        }
        else if (!dive.IsUp)
        {
            if (dive.Divers == 0)
                ended = true;
            else
                reward += Surface(ref dive);
        }

        return reward;
    }

    protected override void Draw(int instance, Span<float> planes)
    {
        ref readonly var dive = ref _dives[instance];
        Set(planes, 0, dive.X, dive.Y);
        Set(planes, 1, dive.X + (dive.FacesRight ? -1 : 1), dive.Y);
        var bottom = Side - 1;
        for (var x = 0; x < Math.Max(0, dive.Oxygen) * 10 / _oxygen; x++)
            Set(planes, 7, x, bottom);
        for (var x = Side - 1 - dive.Divers; x < Side - 1; x++)
            Set(planes, 8, x, bottom);
        Draw(planes, 2, _bullets.Of(instance));
        Draw(planes, 4, _enemyBullets.Of(instance));
        DrawWithTrail(planes, 5, _fish.Of(instance));
        DrawWithTrail(planes, 6, _subs.Of(instance));
        DrawWithTrail(planes, 9, _divers.Of(instance));
    }

    protected override void Read(int instance, Span<int> state)
    {
        ref readonly var dive = ref _dives[instance];
        (state[0], state[1], state[2], state[3], state[4]) = (dive.X, dive.Y, dive.FacesRight ? 1 : 0, dive.Oxygen, dive.Divers);
        (state[5], state[6], state[7], state[8]) = (dive.SpawnInterval, dive.ToSpawn, dive.ToDiver, dive.MoveInterval);
        (state[9], state[10], state[11]) = (dive.ToShoot, dive.IsUp ? 1 : 0, dive.Ramps);
        state[12..].Clear();
        var at = 12;
        Read(_bullets, instance, state, ref at);
        Read(_enemyBullets, instance, state, ref at);
        Read(_fish, instance, state, ref at);
        Read(_subs, instance, state, ref at);
        Read(_divers, instance, state, ref at);
    }

    protected override void Write(int instance, ReadOnlySpan<int> state)
    {
        var dive = new Dive
        {
            X = state[0],
            Y = state[1],
            FacesRight = state[2] == 1,
            Oxygen = state[3],
            Divers = state[4],
            SpawnInterval = state[5],
            ToSpawn = state[6],
            ToDiver = state[7],
            MoveInterval = state[8],
            ToShoot = state[9],
            IsUp = state[10] == 1,
            Ramps = state[11],
        };
        if (dive.X == (dive.FacesRight ? 0 : Side - 1))
            throw Throw.StateImpossible($"The submarine at x {dive.X} faces {(dive.FacesRight ? "right" : "left")}: its back lies outside.");
        _dives[instance] = dive;
        var at = 12;
        Write(_bullets, instance, state, ref at);
        Write(_enemyBullets, instance, state, ref at);
        Write(_fish, instance, state, ref at);
        Write(_subs, instance, state, ref at);
        Write(_divers, instance, state, ref at);
    }

    static StateField[] Fields(Capacities capacities) =>
    [
        new("submarine x", 0, Side - 1),
        new("submarine y", 0, Lowest),
        new("submarine faces right (0 or 1)", 0, 1),
        new("oxygen", -1, int.MaxValue),
        new("divers aboard", -1_000_000, MostDivers),
        new("frames between spawns", 1, sbyte.MaxValue),
        new("frames to the next spawn", 0, sbyte.MaxValue),
        new("frames to the next diver", 0, sbyte.MaxValue),
        new("frames between moves", 1, sbyte.MaxValue),
        new("frames to the next shot", 0, ShotCoolDown),
        new("has surfaced (0 or 1)", 0, 1),
        new("ramps so far", 0, int.MaxValue),
        .. Listed("own bullet", capacities.Bullets),
        .. Listed("enemy bullet", capacities.EnemyBullets),
        .. Listed("fish", capacities.Enemies),
        .. Listed("enemy submarine", capacities.Enemies),
        .. Listed("diver", capacities.Divers),
    ];

    static IEnumerable<StateField> Listed(string name, int capacity) => Enumerable.Range(1, capacity)
        .SelectMany(k => new[]
        {
            new StateField($"{name} {k} x", 0, Side - 1),
            new StateField($"{name} {k} y", 0, Lowest),
            new StateField($"{name} {k} moves right (0 or 1)", 0, 1),
            new StateField($"{name} {k} frames to the next move", 0, sbyte.MaxValue),
            new StateField($"{name} {k} frames to the next shot", 0, sbyte.MaxValue),
        })
        .Prepend(new StateField($"{name}: how many", 0, capacity));

    static void Read(Swarm swarm, int instance, Span<int> state, ref int at)
    {
        var list = swarm.Of(instance);
        state[at] = list.Length;
        for (var k = 0; k < list.Length; k++)
        {
            var s = list[k];
            var slot = state.Slice(at + 1 + (5 * k), 5);
            (slot[0], slot[1], slot[2], slot[3], slot[4]) = (s.X, s.Y, s.MovesRight ? 1 : 0, s.ToMove, s.ToShoot);
        }

        at += 1 + (5 * swarm.Capacity);
    }

    static void Write(Swarm swarm, int instance, ReadOnlySpan<int> state, ref int at)
    {
        swarm.Clear(instance);
        for (var k = 0; k < state[at]; k++)
        {
            var slot = state.Slice(at + 1 + (5 * k), 5);
            swarm.Add(instance, new Swimmer((sbyte)slot[0], (sbyte)slot[1], slot[2] == 1, (sbyte)slot[3], (sbyte)slot[4]));
        }

        at += 1 + (5 * swarm.Capacity);
    }

    static void Draw(Span<float> planes, int plane, ReadOnlySpan<Swimmer> list)
    {
        foreach (var swimmer in list)
            Set(planes, plane, swimmer.X, swimmer.Y);
    }

    static void DrawWithTrail(Span<float> planes, int plane, ReadOnlySpan<Swimmer> list)
    {
        foreach (var swimmer in list)
        {
            Set(planes, plane, swimmer.X, swimmer.Y);
            var behind = swimmer.MovesRight ? swimmer.X - 1 : swimmer.X + 1;
            if (behind is >= 0 and < Side)
                Set(planes, 3, behind, swimmer.Y);
        }
    }

    void Spawn(int instance, ref Dive dive, RandomStream random)
    {
        if (dive.ToSpawn == 0)
        {
            SpawnEnemy(instance, dive, random);
            dive.ToSpawn = dive.SpawnInterval;
        }

        if (dive.ToDiver == 0)
        {
            var movesRight = random.NextDouble() < 0.5;
            _divers.Add(instance, Coming(movesRight, 1 + random.NextInt(Lowest)) with { ToMove = DiverMoveInterval });
            dive.ToDiver = _diverInterval;
        }
    }

    void SpawnEnemy(int instance, in Dive dive, RandomStream random)
    {
        var movesRight = random.NextDouble() < 0.5;
        var isSub = random.NextDouble() < 1.0 / 3.0;
        var enemy = Coming(movesRight, 1 + random.NextInt(Lowest)) with { ToMove = (sbyte)dive.MoveInterval };
        // None comes against the traffic of its row.
        if (IsAgainst(_subs.Of(instance), enemy) || IsAgainst(_fish.Of(instance), enemy))
            return;
        if (isSub)
            _subs.Add(instance, enemy with { ToShoot = (sbyte)_shotInterval });
        else
            _fish.Add(instance, enemy);
    }

    static Swimmer Coming(bool movesRight, int y) => new((sbyte)(movesRight ? 0 : Side - 1), (sbyte)y, movesRight);

    static bool IsAgainst(ReadOnlySpan<Swimmer> list, Swimmer enemy)
    {
        foreach (var other in list)
        {
            if (other.Y == enemy.Y && other.MovesRight != enemy.MovesRight)
                return true;
        }

        return false;
    }

    void Act(int instance, ref Dive dive, PixelAction action)
    {
        switch (action)
        {
            case PixelAction.Fire when dive.ToShoot == 0:
                _bullets.Add(instance, new Swimmer((sbyte)dive.X, (sbyte)dive.Y, dive.FacesRight));
                dive.ToShoot = ShotCoolDown;
                break;
            case PixelAction.Left:
                (dive.X, dive.FacesRight) = (Math.Max(0, dive.X - 1), false);
                break;
            case PixelAction.Right:
                (dive.X, dive.FacesRight) = (Math.Min(Side - 1, dive.X + 1), true);
                break;
            case PixelAction.Up:
                dive.Y = Math.Max(0, dive.Y - 1);
                break;
            case PixelAction.Down:
                dive.Y = Math.Min(Lowest, dive.Y + 1);
                break;
            default:
                break;
        }
    }

    // All lists are gone through from the newest on; removing one brings the next older one to its place, or itself again.
    double MoveBullets(int instance)
    {
        var reward = 0.0;
        for (var i = _bullets.Of(instance).Length - 1; i >= 0; i--)
        {
            ref var place = ref _bullets.Of(instance)[i];
            place.Move();
            var bullet = place;
            if (bullet.IsOutside)
                _bullets.Remove(instance, bullet);
            else if (Hits(_fish, bullet) || Hits(_subs, bullet))
                reward++;
        }

        return reward;

        bool Hits(Swarm enemies, Swimmer bullet)
        {
            var hit = enemies.At(instance, bullet.X, bullet.Y);
            if (hit < 0)
                return false;
            enemies.RemoveAt(instance, hit);
            _bullets.Remove(instance, bullet);
            return true;
        }
    }

    void MoveDivers(int instance, ref Dive dive)
    {
        for (var i = _divers.Of(instance).Length - 1; i >= 0; i--)
        {
            ref var diver = ref _divers.Of(instance)[i];
            var comesAboard = diver.IsAt(dive.X, dive.Y) && dive.Divers < MostDivers;
            var leaves = false;
            if (!comesAboard && diver.ToMove > 0)
            {
                diver.ToMove--;
            }
            else if (!comesAboard)
            {
                diver.ToMove = DiverMoveInterval;
                diver.Move();
                leaves = diver.IsOutside;
                comesAboard = diver.IsAt(dive.X, dive.Y) && dive.Divers < MostDivers;
            }

            if (comesAboard || leaves)
                _divers.Remove(instance, diver);
            dive.Divers += comesAboard ? 1 : 0;
        }
    }

    double MoveSubs(int instance, in Dive dive, ref bool ended)
    {
        var reward = 0.0;
        for (var i = _subs.Of(instance).Length - 1; i >= 0; i--)
        {
            var sub = _subs.Of(instance)[i];
            var place = MoveEnemy(_subs, instance, i, ref sub, dive, ref reward, ref ended);
            // One that has just been shot, or has left, still shoots when its time has come.
            if (sub.ToShoot == 0)
            {
                sub.ToShoot = (sbyte)_shotInterval;
                _enemyBullets.Add(instance, new Swimmer(sub.X, sub.Y, sub.MovesRight));
            }
            else
            {
                sub.ToShoot--;
            }

            if (place >= 0)
                _subs.Of(instance)[place] = sub;
        }

        return reward;
    }

    double MoveFish(int instance, in Dive dive, ref bool ended)
    {
        var reward = 0.0;
        for (var i = _fish.Of(instance).Length - 1; i >= 0; i--)
        {
            var fish = _fish.Of(instance)[i];
            MoveEnemy(_fish, instance, i, ref fish, dive, ref reward, ref ended);
        }

        return reward;
    }

    // Returns where the enemy is in its list now; -1 where it is gone.
    int MoveEnemy(Swarm enemies, int instance, int place, ref Swimmer enemy, in Dive dive, ref double reward, ref bool ended)
    {
        ended |= enemy.IsAt(dive.X, dive.Y);
        if (enemy.ToMove > 0)
        {
            enemy.ToMove--;
            enemies.Of(instance)[place] = enemy;
            return place;
        }

        enemy.ToMove = (sbyte)dive.MoveInterval;
        enemy.Move();
        enemies.Of(instance)[place] = enemy;
        var isHit = false;
        if (enemy.IsAt(dive.X, dive.Y))
        {
            ended = true;
        }
        else if (!enemy.IsOutside && _bullets.At(instance, enemy.X, enemy.Y) is >= 0 and var bullet)
        {
            isHit = true;
            reward++;
            _bullets.RemoveAt(instance, bullet);
        }

        if (!isHit && !enemy.IsOutside)
            return place;
        return enemies.Remove(instance, enemy) == place ? -1 : place - 1;
    }

    void MoveEnemyBullets(int instance, in Dive dive, ref bool ended)
    {
        for (var i = _enemyBullets.Of(instance).Length - 1; i >= 0; i--)
        {
            ref var bullet = ref _enemyBullets.Of(instance)[i];
            ended |= bullet.IsAt(dive.X, dive.Y);
            bullet.Move();
            if (bullet.IsOutside)
                _enemyBullets.Remove(instance, bullet);
            else
                ended |= bullet.IsAt(dive.X, dive.Y);
        }
    }

    double Surface(ref Dive dive)
    {
        dive.IsUp = true;
        var reward = 0;
        if (dive.Divers == MostDivers)
        {
            dive.Divers = 0;
            reward = dive.Oxygen * 10 / _oxygen;
        }

        dive.Oxygen = _oxygen;
        dive.Divers--;
        if (_ramps && (dive.SpawnInterval > 1 || dive.MoveInterval > 2))
        {
            if (dive.MoveInterval > 2 && dive.Ramps % 2 == 1)
                dive.MoveInterval--;
            if (dive.SpawnInterval > 1)
                dive.SpawnInterval--;
            dive.Ramps++;
        }

        return reward;
    }

    struct Dive
    {
        public int X, Y, Oxygen, Divers, SpawnInterval, ToSpawn, ToDiver, MoveInterval, ToShoot, Ramps;
        public bool FacesRight, IsUp;
    }

    /// <summary>How many of a kind there can be at once: a frame brings one at most, and each leaves in time.</summary>
    readonly record struct Capacities(int Bullets, int EnemyBullets, int Enemies, int Divers)
    {
        public static Capacities Of(EnvironmentIdentity identity)
        {
            // Ten cells, each for an interval and the frame that moves.
            var enemies = (Side * ((int)identity.Parameters[MoveInterval] + 1)) + 1;
            var shotsInFlight = (Side / ((int)identity.Parameters[ShotInterval] + 1)) + 1;
            return new Capacities(
                (Side / ShotCoolDown) + 1,
                enemies * shotsInFlight,
                enemies,
                (Side * (DiverMoveInterval + 1) / (int)identity.Parameters[DiverInterval]) + 2);
        }
    }
}
