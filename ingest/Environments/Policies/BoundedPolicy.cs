using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A policy of continuous actions that knows wider bounds than an environment, or none, as a log rarely says them: its actions are cut to the environment's.</summary>
/// <remarks>What is cut piles up on a bound, where it has no density: the policy has no propensities.</remarks>
/// <param name="inner">Disposed of with this one, where it is disposable.</param>
/// <param name="bounds">Of the environment, of the same size.</param>
public sealed class BoundedPolicy(IPolicy inner, BoxSpace bounds) : IPolicy, IDisposable
{
    public string Name => inner.Name;

    public Space ObservationSpace => inner.ObservationSpace;

    public Space ActionSpace => bounds;

    public bool HasPropensities => false;

    public IPolicyState? CreateState(int instances) => inner.CreateState(instances);

    /// <inheritdoc/>
    /// <remarks>A memory of actions holds the one that was taken.</remarks>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var copy = input.State?.Copy();
        inner.Act(copy is null ? input : input with { State = copy }, output);
        for (var i = 0; i < input.Count; i++)
            Cut(output.Continuous.Slice(i * bounds.FlatSize, bounds.FlatSize));
        if (copy is not null)
            inner.Score(input, new ActionBatch { Continuous = output.Continuous }, output.LogProbabilities.IsEmpty ? new double[input.Count] : output.LogProbabilities, []);
        output.LogProbabilities.Fill(double.NaN);
    }

    /// <summary>Not a number: there is no density.</summary>
    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        inner.Score(input, actions, logProbabilities, probabilities);
        logProbabilities.Fill(double.NaN);
    }

    public void Dispose() => (inner as IDisposable)?.Dispose();

    // What is not a number stays so, and the environment says it.
    void Cut(Span<float> action)
    {
        for (var d = 0; d < action.Length; d++)
            action[d] = Math.Clamp(action[d], (float)bounds.Low[d], (float)bounds.High[d]);
    }
}
