using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A policy for an environment without wrappers, acting on the newest observation that wrapped ones hold.</summary>
/// <param name="inner">For the observations without wrappers.</param>
/// <param name="observationSpace">Under the wrappers.</param>
/// <param name="offset">Numbers of a row before the newest observation.</param>
sealed class NewestObservationPolicy(IPolicy inner, Space observationSpace, int offset) : IPolicy
{
    readonly int _width = inner.ObservationSpace.FlatSize;

    public string Name => inner.Name;

    public Space ObservationSpace => observationSpace;

    public Space ActionSpace => inner.ActionSpace;

    public bool HasPropensities => inner.HasPropensities;

    public IPolicyState? CreateState(int instances) => inner.CreateState(instances);

    public void Act(in PolicyInput input, in PolicyOutput output) => inner.Act(Newest(input), output);

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
        inner.Score(Newest(input), actions, logProbabilities, probabilities);

    PolicyInput Newest(in PolicyInput input)
    {
        if (offset == 0)
            return input;
        var rows = new float[input.Count * _width];
        for (var i = 0; i < input.Count; i++)
            input.Observations.Slice((i * (offset + _width)) + offset, _width).CopyTo(rows.AsSpan(i * _width));
        return new PolicyInput
        {
            Count = input.Count,
            Observations = rows,
            ActionMasks = input.ActionMasks,
            EpisodeStarts = input.EpisodeStarts,
            Random = input.Random,
            State = input.State,
        };
    }
}
