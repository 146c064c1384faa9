using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Another policy of continuous actions, mixed step by step with the uniform one: the density is
/// (1 - epsilon) inner(a|o) + epsilon / volume of the bounds.
/// </summary>
/// <remarks>Every allowed action has at least epsilon times the uniform density, so importance ratios against it are bounded.</remarks>
public sealed class UniformMixturePolicy : IPolicy
{
    readonly IPolicy _inner;
    readonly UniformBoxPolicy _uniform;
    readonly double _epsilon;

    /// <param name="inner">A policy of bounded continuous actions that has a density.</param>
    /// <param name="epsilon">0 to 1.</param>
    /// <exception cref="UserErrorException">The inner policy is deterministic or has a memory that cannot be copied, or its actions are not bounded.</exception>
    public UniformMixturePolicy(IPolicy inner, double epsilon)
    {
        if (!(epsilon is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon is a probability, 0 to 1.");
        if (!inner.HasPropensities && epsilon is > 0 and < 1)
            throw Throw.MixtureNeedsDensity(inner);
        // A memory moves on once, with what was taken, and is asked before for what is drawn.
        if (inner.CreateState(1) is { } memory && memory.Copy() is null)
            throw Throw.MixtureNeedsNoMemory(inner);
        (_inner, _epsilon) = (inner, epsilon);
        _uniform = new UniformBoxPolicy(inner.ObservationSpace, inner.ActionSpace as BoxSpace ?? throw Throw.NotContinuous(inner));
        Name = string.Create(CultureInfo.InvariantCulture, $"{inner.Name}{(inner.Name.Contains('?', StringComparison.Ordinal) ? '&' : '?')}epsilon={epsilon}");
    }

    public string Name { get; }

    public Space ObservationSpace => _inner.ObservationSpace;

    public Space ActionSpace => _inner.ActionSpace;

    public bool HasPropensities => _epsilon == 1 || _inner.HasPropensities;

    public IPolicyState? CreateState(int instances) => _inner.CreateState(instances);

    /// <inheritdoc/>
    /// <remarks>Both draw for every row; one more draw says whose action it is.</remarks>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var width = ActionSpace.FlatSize;
        var uniform = new float[input.Count * width];
        var logDensities = new double[input.Count];
        _inner.Act(input.State?.Copy() is { } copy ? input with { State = copy } : input, output);
        _uniform.Act(input, new PolicyOutput { Continuous = uniform, LogProbabilities = logDensities });
        for (var i = 0; i < input.Count; i++)
        {
            if (input.Random[i].NextDouble() < _epsilon)
                uniform.AsSpan(i * width, width).CopyTo(output.Continuous[(i * width)..]);
        }

        // What was drawn is scored again: either could have drawn it.
        Score(input, new ActionBatch { Continuous = output.Continuous }, output.LogProbabilities, []);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var uniform = new double[input.Count];
        _uniform.Score(input, actions, uniform, []);
        _inner.Score(input, actions, logProbabilities, []);
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = ContinuousRows.LogMixture(logProbabilities[i], uniform[i], _epsilon);
    }
}
