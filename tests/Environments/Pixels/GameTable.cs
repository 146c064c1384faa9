using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>One instance of a pixel game that a test puts into states of its choice.</summary>
sealed class GameTable : IDisposable
{
    public const int None = 0, Left = 1, Up = 2, Right = 3, Down = 4, Fire = 5;

    readonly Batch _batch;
    readonly IStatefulEnvironment _game;

    public GameTable(string id, ulong seed = 1)
    {
        _batch = new Batch(id, 1).Reset(seed);
        _game = (IStatefulEnvironment)_batch.Environment;
    }

    public double Reward => _batch.Rewards[0];

    public bool Ended => _batch.Terminated[0];

    public IReadOnlyList<string> Names => _game.StateNames;

    public GameTable Reset(ulong seed)
    {
        _batch.Reset(seed);
        return this;
    }

    /// <summary>The state with some numbers changed: each name is the start of a field's.</summary>
    public GameTable Put(params (string Name, double Value)[] changes)
    {
        var state = new double[Names.Count];
        _game.GetState(0, state);
        foreach (var (name, value) in changes)
            state[Index(name)] = value;
        _game.SetState(0, state, _batch.Observations);
        return this;
    }

    public GameTable Step(params int[] actions)
    {
        foreach (var action in actions)
            _batch.Step(action);
        return this;
    }

    public double this[string name]
    {
        get
        {
            var state = new double[Names.Count];
            _game.GetState(0, state);
            return state[Index(name)];
        }
    }

    /// <summary>The cells of a plane that are on, as (x, y); of the last frame of the episode where it ended.</summary>
    public (int X, int Y)[] Plane(int plane) =>
        [.. Enumerable.Range(0, 100).Where(c => (Ended ? _batch.Final : _batch.Observations)[(plane * 100) + c] == 1).Select(c => (c % 10, c / 10))];

    public void Dispose() => _batch.Dispose();

    int Index(string name) => Enumerable.Range(0, Names.Count).First(i => Names[i].StartsWith(name, StringComparison.Ordinal));
}
