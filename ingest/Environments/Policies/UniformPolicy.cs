using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Every allowed action with the same probability.</summary>
public sealed class UniformPolicy(Space observationSpace, DiscreteSpace actionSpace) : IPolicy
{
    public string Name => "uniform";

    public Space ObservationSpace { get; } = observationSpace;

    public Space ActionSpace { get; } = actionSpace;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        for (var i = 0; i < input.Count; i++)
        {
            var mask = DiscreteRows.Mask(input.ActionMasks, i, actionSpace.Count);
            var allowed = DiscreteRows.Allowed(mask, actionSpace.Count);
            output.Discrete[i] = DiscreteRows.NthAllowed(mask, input.Random[i].NextInt(allowed));
            output.LogProbabilities[i] = Math.Log(1.0 / allowed);
        }

        Probabilities(input, output.Probabilities);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        for (var i = 0; i < input.Count; i++)
        {
            var mask = DiscreteRows.Mask(input.ActionMasks, i, actionSpace.Count);
            logProbabilities[i] = DiscreteRows.IsAllowed(mask, actions.Discrete[i])
                ? Math.Log(1.0 / DiscreteRows.Allowed(mask, actionSpace.Count))
                : double.NegativeInfinity;
        }

        Probabilities(input, probabilities);
    }

    void Probabilities(in PolicyInput input, Span<double> probabilities)
    {
        if (probabilities.IsEmpty)
            return;
        for (var i = 0; i < input.Count; i++)
        {
            var row = probabilities.Slice(i * actionSpace.Count, actionSpace.Count);
            row.Clear();
            DiscreteRows.AddUniform(row, DiscreteRows.Mask(input.ActionMasks, i, actionSpace.Count), 1.0);
        }
    }
}
