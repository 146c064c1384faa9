using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A rule from an observation to a discrete action.</summary>
/// <param name="observation">[D].</param>
public delegate int DiscreteRule(ReadOnlySpan<float> observation);

/// <summary>A rule from an observation to a continuous action; what lies outside the bounds is clipped.</summary>
/// <param name="observation">[D].</param>
/// <param name="action">[A], written.</param>
public delegate void ContinuousRule(ReadOnlySpan<float> observation, Span<double> action);

/// <summary>A deterministic policy of discrete actions, written by hand. Masks are not looked at.</summary>
public sealed class DiscreteController(string name, Space observationSpace, DiscreteSpace actionSpace, DiscreteRule rule) : IPolicy
{
    public string Name { get; } = name;

    public Space ObservationSpace { get; } = observationSpace;

    public Space ActionSpace { get; } = actionSpace;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        for (var i = 0; i < input.Count; i++)
        {
            output.Discrete[i] = Action(input, i);
            output.LogProbabilities[i] = 0;
        }

        Probabilities(input, output.Probabilities);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = Action(input, i) == actions.Discrete[i] ? 0 : double.NegativeInfinity;
        Probabilities(input, probabilities);
    }

    int Action(in PolicyInput input, int row)
    {
        var width = ObservationSpace.FlatSize;
        return rule(input.Observations.Slice(row * width, width));
    }

    void Probabilities(in PolicyInput input, Span<double> probabilities)
    {
        if (probabilities.IsEmpty)
            return;
        probabilities.Clear();
        for (var i = 0; i < input.Count; i++)
            probabilities[(i * actionSpace.Count) + Action(input, i)] = 1;
    }
}

/// <summary>A deterministic policy of continuous actions, written by hand.</summary>
/// <remarks>
/// It has no density: all of the probability is at one point, where the log-density is given as infinity (elsewhere
/// negative infinity). What is recorded with it has no propensities; <see cref="GaussianNoisePolicy"/> makes it one that has.
/// </remarks>
public sealed class ContinuousController(string name, Space observationSpace, BoxSpace actionSpace, ContinuousRule rule) : IPolicy
{
    readonly int _width = actionSpace.FlatSize;

    public string Name { get; } = name;

    public Space ObservationSpace { get; } = observationSpace;

    public Space ActionSpace { get; } = actionSpace;

    public bool HasPropensities => false;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        Span<double> action = stackalloc double[_width];
        for (var i = 0; i < input.Count; i++)
        {
            Action(input, i, action);
            for (var d = 0; d < _width; d++)
                output.Continuous[(i * _width) + d] = (float)action[d];
            output.LogProbabilities[i] = double.PositiveInfinity;
        }
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        Span<double> action = stackalloc double[_width];
        for (var i = 0; i < input.Count; i++)
        {
            Action(input, i, action);
            logProbabilities[i] = double.PositiveInfinity;
            for (var d = 0; d < _width; d++)
            {
                if ((float)action[d] != actions.Continuous[(i * _width) + d])
                    logProbabilities[i] = double.NegativeInfinity;
            }
        }
    }

    // Inside the bounds.
    void Action(in PolicyInput input, int row, Span<double> action)
    {
        var width = ObservationSpace.FlatSize;
        rule(input.Observations.Slice(row * width, width), action);
        for (var d = 0; d < _width; d++)
            action[d] = Math.Clamp(action[d], actionSpace.Low[d], actionSpace.High[d]);
    }
}
