using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>FrozenLake-v1 as Gymnasium 1.3.0 has it: cross the ice to the goal, with holes in it and slipping sideways.</summary>
/// <remarks>
/// State: row * size + column. Actions: 0 left, 1 down, 2 right, 3 up. Reward 1 on reaching the goal, else 0; holes and the goal end the
/// episode. Limits: 100 steps on 4x4, 200 on 8x8. Beyond Gymnasium: <c>map_seed</c> draws a map of any size, each cell frozen with
/// probability 0.8 and the goal within reach, from our own generator.
/// </remarks>
static class FrozenLake
{
    const string Id = "FrozenLake-v1";
    const string Size = "size", Slippery = "slippery", SuccessRate = "success_rate", MapSeed = "map_seed";
    const int StepsPerRow = 25;

    static readonly string[] Map4 = ["SFFF", "FHFH", "FFFH", "HFFG"];
    static readonly string[] Map8 = ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"];

    static readonly (int Row, int Column)[] Moves = [(0, -1), (1, 0), (0, 1), (-1, 0)];

    public static TabularTask Task { get; } = new()
    {
        Id = Id,
        Description = "Cross slippery ice to the goal without falling into a hole (Gymnasium's definition).",
        DefaultSteps = 0,
        StepsOf = static identity => StepsPerRow * (int)identity.Parameters[Size],
        Parameters =
        [
            new(MapSeed, 0, "0: Gymnasium's map; else a random map", new(0, 1e9), new(0, 9999), [new(10_000, 99_999)]) { IsWhole = true },
            new(Size, 4, "cells a side: 4 or 8; 2 to 64 with a map_seed", new(2, 64), new(2, 64), []) { IsWhole = true, IsStructural = true },
            new(Slippery, 1, "0 or 1", new(0, 1), new(1, 1), [new(0, 0)]) { IsWhole = true },
            new(SuccessRate, 1.0 / 3.0, "probability of the move meant, where slippery", new(0, 1), new(0.3, 0.5), [new(0.05, 0.25), new(0.6, 0.95)]),
        ],
        Build = Build,
        Painter = static identity => new GridPainter(Map(identity), Moves),
        Size = static identity => ((int)identity.Parameters[Size] * (int)identity.Parameters[Size], Moves.Length),
        HeldOutVariants =
        [
            new("no-slip", $"{Id}?{Slippery}=0"),
            new("firm", $"{Id}?{SuccessRate}=0.8"),
            new("glassy", $"{Id}?{SuccessRate}=0.2"),
            new("map-a", $"{Id}?{MapSeed}=10001"),
            new("map-b", $"{Id}?{MapSeed}=10002"),
            new("map-c", $"{Id}?{MapSeed}=10003"),
        ],
        Success = new("the goal is reached") { Terminates = true, ReturnAbove = 0 },
        References = (0.013939795959171436, 0.7401648977587052),
    };

    /// <summary>The map of an identity, a text a row: S start, F frozen, H hole, G goal.</summary>
    /// <exception cref="UserErrorException">No map of that size.</exception>
    public static string[] Map(EnvironmentIdentity identity)
    {
        var (size, seed) = ((int)identity.Parameters[Size], (ulong)identity.Parameters[MapSeed]);
        return (size, seed) switch
        {
            (_, > 0) => RandomMap(size, seed),
            (4, _) => Map4,
            (8, _) => Map8,
            _ => throw Throw.TabularParameter(identity, Size, $"4 or 8, or any from 2 to 64 with a {MapSeed}"),
        };
    }

    static TabularMdp Build(EnvironmentIdentity identity)
    {
        var map = Map(identity);
        var size = map.Length;
        var successRate = identity.Parameters[Slippery] == 0 ? 1 : identity.Parameters[SuccessRate];
        var builder = new TabularMdpBuilder(size * size, Moves.Length, identity.ToString())
        {
            StateNames = GridMoves.CellNames(size, size),
            ActionNames = ["left", "down", "right", "up"],
        };
        for (var s = 0; s < size * size; s++)
        {
            for (var a = 0; a < Moves.Length; a++)
                GridMoves.Add(builder, s, a, Outcomes(map, s, a, successRate));
        }

        return builder.SetStart(0, 1).Build();
    }

    // Gymnasium lets holes and the goal lead to themselves and end at once; nobody is ever there at the start of a step.
    static IEnumerable<(double Probability, int Next, double Reward, bool Ends)> Outcomes(string[] map, int s, int a, double successRate)
    {
        var size = map.Length;
        if (Cell(map, s) is 'G' or 'H')
        {
            yield return (1, s, 0, true);
            yield break;
        }

        foreach (var (move, probability) in GridMoves.Slippery(a, Moves.Length, successRate))
        {
            var next = GridMoves.From(s, Moves[move], size, size);
            yield return (probability, next, Cell(map, next) == 'G' ? 1 : 0, Cell(map, next) is 'G' or 'H');
        }
    }

    static char Cell(string[] map, int s) => map[s / map.Length][s % map.Length];

    static string[] RandomMap(int size, ulong seed)
    {
        const double Frozen = 0.8;
        var random = RandomStream.Create(seed, "frozen lake");
        while (true)
        {
            var cells = new char[size * size];
            for (var s = 0; s < cells.Length; s++)
                cells[s] = random.NextDouble() < Frozen ? 'F' : 'H';
            (cells[0], cells[^1]) = ('S', 'G');
            if (IsCrossable(cells, size))
                return [.. cells.Chunk(size).Select(row => new string(row))];
        }
    }

    static bool IsCrossable(char[] cells, int size)
    {
        var seen = new bool[cells.Length];
        var queue = new Queue<int>([0]);
        while (queue.TryDequeue(out var s))
        {
            if (seen[s] || cells[s] == 'H')
                continue;
            seen[s] = true;
            foreach (var move in Moves)
                queue.Enqueue(GridMoves.From(s, move, size, size));
        }

        return seen[^1];
    }
}
