using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// One of several policies for each episode, drawn by weight at its first step. Log-probabilities are those of the
/// policy that acts, not of the mixture: within an episode that is what decided.
/// </summary>
public sealed class MixturePolicy : IPolicy
{
    readonly IReadOnlyList<IPolicy> _components;
    readonly double[] _weights;

    /// <param name="components">At least one; all with the same spaces.</param>
    /// <param name="weights">One a component, positive; they need not sum to 1.</param>
    /// <exception cref="UserErrorException">The spaces differ.</exception>
    public MixturePolicy(IReadOnlyList<IPolicy> components, IReadOnlyList<double> weights)
    {
        ArgumentOutOfRangeException.ThrowIfZero(components.Count);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Count, components.Count);
        foreach (var weight in weights)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        foreach (var component in components)
        {
            if (component.ActionSpace != components[0].ActionSpace || component.ObservationSpace.FlatSize != components[0].ObservationSpace.FlatSize)
                throw Throw.SpacesDiffer(components[0], component);
        }

        var sum = weights.Sum();
        _components = components;
        _weights = weights.Select(w => w / sum).ToArray();
        Name = components.Count == 1 ? components[0].Name : $"mixture({string.Join(", ", components.Select(c => c.Name))})";
    }

    public string Name { get; }

    public Space ObservationSpace => _components[0].ObservationSpace;

    public Space ActionSpace => _components[0].ActionSpace;

    public bool HasPropensities => _components.All(static c => c.HasPropensities);

    public IPolicyState CreateState(int instances) => new MixtureState(instances, _components.Select(c => c.CreateState(instances)).ToArray());

    /// <summary>The policy that acts in an instance since its episode began.</summary>
    public IPolicy Acting(IPolicyState state, int instance) => _components[((MixtureState)state).Component[instance]];

    /// <inheritdoc/>
    /// <remarks>
    /// Every component sees every row and draws from its stream whether it acts or not, so that a row's digits do not
    /// depend on which components its neighbors drew.
    /// </remarks>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var state = StateOf(input);
        for (var i = 0; i < input.EpisodeStarts.Length; i++)
        {
            if (input.EpisodeStarts[i])
                state.Component[i] = input.Random[i].NextCategorical(_weights);
        }

        var size = ActionSpace.FlatSize;
        var discrete = new int[output.Discrete.Length];
        var continuous = new float[output.Continuous.Length];
        var logProbabilities = new double[input.Count];
        var probabilities = new double[output.Probabilities.Length];
        for (var k = 0; k < _components.Count; k++)
        {
            _components[k].Act(Inner(input, state, k), new PolicyOutput
            {
                Discrete = discrete,
                Continuous = continuous,
                LogProbabilities = logProbabilities,
                Probabilities = probabilities,
            });
            for (var i = 0; i < input.Count; i++)
            {
                if (state.Component[i] != k)
                    continue;
                CopyRow(discrete, output.Discrete, i, 1);
                CopyRow(continuous, output.Continuous, i, size);
                CopyRow(logProbabilities, output.LogProbabilities, i, 1);
                CopyRow(probabilities, output.Probabilities, i, output.Probabilities.Length / input.Count);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Scores under the component that <see cref="Act"/> drew for each instance.</remarks>
    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var state = StateOf(input);
        var log = new double[input.Count];
        var whole = new double[probabilities.Length];
        for (var k = 0; k < _components.Count; k++)
        {
            _components[k].Score(Inner(input, state, k), actions, log, whole);
            for (var i = 0; i < input.Count; i++)
            {
                if (state.Component[i] != k)
                    continue;
                CopyRow(log, logProbabilities, i, 1);
                CopyRow(whole, probabilities, i, probabilities.Length / input.Count);
            }
        }
    }

    static PolicyInput Inner(in PolicyInput input, MixtureState state, int component) => new()
    {
        Count = input.Count,
        Observations = input.Observations,
        ActionMasks = input.ActionMasks,
        EpisodeStarts = input.EpisodeStarts,
        Random = input.Random,
        State = state.Inner[component],
    };

    static MixtureState StateOf(in PolicyInput input) => input.State as MixtureState
        ?? throw new ArgumentException("A mixture acts with the state that its CreateState returned: it holds which component each episode drew.", nameof(input));

    static void CopyRow<T>(ReadOnlySpan<T> from, Span<T> to, int row, int width)
    {
        if (!to.IsEmpty)
            from.Slice(row * width, width).CopyTo(to[(row * width)..]);
    }

    sealed class MixtureState(int instances, IPolicyState?[] inner) : IPolicyState
    {
        public int Instances => instances;

        public int[] Component { get; } = new int[instances];

        public IPolicyState?[] Inner { get; } = inner;
    }
}
