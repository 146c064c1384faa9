using System.Buffers;
using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Another policy of discrete actions, mixed step by step with the uniform one:
/// pi(a|o) = (1 - epsilon) inner(a|o) + epsilon / |allowed actions|.
/// </summary>
/// <remarks>Every allowed action has at least epsilon / |A|, so importance ratios against it are bounded.</remarks>
public sealed class EpsilonSoftPolicy : IPolicy
{
    readonly IPolicy _inner;
    readonly double _epsilon;
    readonly int _actions;

    /// <param name="inner">A policy of discrete actions.</param>
    /// <param name="epsilon">0 to 1.</param>
    /// <exception cref="ArgumentException">The actions are not discrete, or epsilon lies outside 0 to 1.</exception>
    public EpsilonSoftPolicy(IPolicy inner, double epsilon)
    {
        _actions = inner.ActionSpace is DiscreteSpace discrete ? discrete.Count : throw Throw.NotDiscrete(inner);
        if (!(epsilon is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon is a probability, 0 to 1.");
        (_inner, _epsilon) = (inner, epsilon);
        Name = string.Create(CultureInfo.InvariantCulture, $"{inner.Name}?epsilon={epsilon}");
    }

    public string Name { get; }

    public Space ObservationSpace => _inner.ObservationSpace;

    public Space ActionSpace => _inner.ActionSpace;

    public IPolicyState? CreateState(int instances) => _inner.CreateState(instances);

    /// <inheritdoc/>
    /// <remarks>The inner policy draws too, so that its state moves on; the action comes from the mixed distribution, and is the one that a memory holds.</remarks>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var rented = output.Probabilities.IsEmpty ? ArrayPool<double>.Shared.Rent(input.Count * _actions) : null;
        var probabilities = rented is null ? output.Probabilities : rented.AsSpan(0, input.Count * _actions);
        var copy = input.State?.Copy();
        _inner.Act(copy is null ? input : input with { State = copy }, new PolicyOutput { Discrete = output.Discrete, LogProbabilities = output.LogProbabilities, Probabilities = probabilities });
        for (var i = 0; i < input.Count; i++)
            output.Discrete[i] = input.Random[i].NextCategorical(Soften(input, i, probabilities));
        if (copy is not null)
            _inner.Score(input, new ActionBatch { Discrete = output.Discrete }, output.LogProbabilities, []);
        for (var i = 0; i < input.Count; i++)
            output.LogProbabilities[i] = Math.Log(probabilities[(i * _actions) + output.Discrete[i]]);

        if (rented is not null)
            ArrayPool<double>.Shared.Return(rented);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var rented = probabilities.IsEmpty ? ArrayPool<double>.Shared.Rent(input.Count * _actions) : null;
        if (rented is not null)
            probabilities = rented.AsSpan(0, input.Count * _actions);
        _inner.Score(input, actions, logProbabilities, probabilities);
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = Math.Log(Soften(input, i, probabilities)[actions.Discrete[i]]);
        if (rented is not null)
            ArrayPool<double>.Shared.Return(rented);
    }

    Span<double> Soften(in PolicyInput input, int i, Span<double> probabilities)
    {
        var row = probabilities.Slice(i * _actions, _actions);
        for (var a = 0; a < row.Length; a++)
            row[a] *= 1 - _epsilon;
        DiscreteRows.AddUniform(row, DiscreteRows.Mask(input.ActionMasks, i, _actions), _epsilon);
        return row;
    }
}
