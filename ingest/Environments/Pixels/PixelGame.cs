using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A number of a game's state and where it may lie.</summary>
readonly record struct StateField(string Name, int Low, int High);

/// <summary>
/// What the five games share: sticky actions, action sets, planes of 10x10 cells, and a state of whole numbers.
/// </summary>
/// <remarks>
/// The rules are those of MinAtar (Young and Tian 2019, arXiv:1903.03176), frame by frame, as its program at 1.0.15 plays
/// them; its draws are made in the same order from the instance's stream. Two things differ, neither within an episode:
/// the action that stickiness may repeat is forgotten at an episode's start, where MinAtar carries it over, and an episode
/// is cut after <c>max_steps</c>, where MinAtar goes on.
/// Observation [n, 10, 10]: n planes of row-major cells, row 0 on top, 0 or 1 (MinAtar's are [10, 10, n]).
/// An instance's state is one small struct, so that a step of it touches one or two cache lines.
/// </remarks>
abstract class PixelGame : BatchEnvironment
{
    /// <summary>Cells on a side.</summary>
    public const int Side = 10;

    /// <summary>Cells of a plane.</summary>
    public const int Cells = Side * Side;

    const string LastAction = "last action (0 none, 1 left, 2 up, 3 right, 4 down, 5 fire)";

    readonly double _sticky;
    readonly PixelAction[] _actions;
    readonly PixelAction[] _last;
    readonly IReadOnlyList<StateField> _fields;

    protected PixelGame(EnvironmentIdentity identity, GameDescription game, IReadOnlyList<StateField> fields, int count)
        : base(identity, game.Observations, game.Actions(identity), GameDescription.StepLimit(identity), count)
    {
        _sticky = identity.Parameters[GameDescription.Sticky];
        _actions = game.ActionSet(identity);
        _last = new PixelAction[count];
        _fields = fields;
        StateNames = [LastAction, .. fields.Select(f => f.Name)];
    }

    public sealed override IReadOnlyList<string> StateNames { get; }

    /// <summary>A parameter that is a whole number.</summary>
    protected int Whole(string name) => (int)Identity.Parameters[name];

    protected sealed override void Start(int instance)
    {
        _last[instance] = PixelAction.None;
        Begin(instance, Random[instance]);
    }

    protected sealed override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        var chosen = actions.Discrete;
        for (var i = 0; i < chosen.Length; i++)
        {
            var random = Random[i];
            if (!(random.NextDouble() < _sticky))
                _last[i] = _actions[chosen[i]];
            rewards[i] = Move(i, _last[i], random, out terminated[i]);
        }
    }

    protected sealed override void Observe(int instance, Span<float> observation)
    {
        observation.Clear();
        Draw(instance, observation);
    }

    protected sealed override void ReadState(int instance, Span<double> state)
    {
        state[0] = (int)_last[instance];
        Span<int> values = stackalloc int[_fields.Count];
        Read(instance, values);
        for (var i = 0; i < values.Length; i++)
            state[i + 1] = values[i];
    }

    protected sealed override void WriteState(int instance, ReadOnlySpan<double> state)
    {
        var last = Throw.IfStateOutside(state[0], LastAction, 0, (int)PixelAction.Fire);
        Span<int> values = stackalloc int[_fields.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Throw.IfStateOutside(state[i + 1], _fields[i].Name, _fields[i].Low, _fields[i].High);
        Write(instance, values);
        _last[instance] = (PixelAction)last;
    }

    /// <summary>Puts one instance into a start state.</summary>
    protected abstract void Begin(int instance, RandomStream random);

    /// <summary>One frame of one instance.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="action">After stickiness.</param>
    /// <param name="random">The instance's stream.</param>
    /// <param name="ended">Whether the episode ended.</param>
    /// <returns>The reward.</returns>
    protected abstract double Move(int instance, PixelAction action, RandomStream random, out bool ended);

    /// <summary>Sets the cells that are on; all are off before.</summary>
    protected abstract void Draw(int instance, Span<float> planes);

    /// <summary>Writes the numbers of the fields.</summary>
    protected abstract void Read(int instance, Span<int> state);

    /// <summary>Takes over numbers, each inside its field.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not go together; nothing has changed.</exception>
    protected abstract void Write(int instance, ReadOnlySpan<int> state);

    protected static void Set(Span<float> planes, int plane, int x, int y) => planes[(plane * Cells) + (y * Side) + x] = 1;
}
