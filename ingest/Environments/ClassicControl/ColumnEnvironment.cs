using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A number of an environment's state.</summary>
/// <param name="Name">With its unit, for readers.</param>
/// <param name="Range">Where it can be between two steps.</param>
readonly record struct StateVariable(string Name, Interval Range)
{
    /// <summary>Any finite number.</summary>
    public static Interval Finite { get; } = new(-double.MaxValue, double.MaxValue);
}

/// <summary>A built-in environment whose state is a few columns of doubles, padded to whole vectors.</summary>
abstract class ColumnEnvironment : BatchEnvironment
{
    readonly StateVariable[] _variables;

    protected ColumnEnvironment(EnvironmentIdentity identity, Space observations, Space actions, int stepLimit, int count, StateVariable[] variables)
        : base(identity, observations, actions, stepLimit, count)
    {
        _variables = variables;
        StateNames = variables.Select(v => v.Name).ToArray();
        // Lanes beyond the batch start at zero, act with zero and are never looked at.
        Columns = variables.Select(_ => new double[Lanes.Padded(count)]).ToArray();
    }

    public override IReadOnlyList<string> StateNames { get; }

    /// <summary>[S][B, padded].</summary>
    protected double[][] Columns { get; }

    protected override void ReadState(int instance, Span<double> state)
    {
        for (var i = 0; i < Columns.Length; i++)
            state[i] = Columns[i][instance];
    }

    protected override void WriteState(int instance, ReadOnlySpan<double> state)
    {
        for (var i = 0; i < Columns.Length; i++)
        {
            if (!_variables[i].Range.Contains(state[i]))
                throw Throw.StateOutside(Identity, _variables[i], state[i]);
        }

        for (var i = 0; i < Columns.Length; i++)
            Columns[i][instance] = state[i];
    }
}
