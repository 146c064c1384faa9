using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// A deterministic controller of the cart and pole: pushes right where a weighted sum of the observation is positive.
/// </summary>
/// <param name="name">What reports call it.</param>
/// <param name="gains">[4]: weights of position, velocity, angle and angular velocity.</param>
public sealed class CartPoleController(string name, IReadOnlyList<double> gains) : IPolicy
{
    const int Width = 4;

    public string Name { get; } = name;

    public Space ObservationSpace => CartPole.Observations;

    public Space ActionSpace => CartPole.Actions;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        for (var i = 0; i < input.Count; i++)
        {
            output.Discrete[i] = Action(input.Observations.Slice(i * Width, Width));
            output.LogProbabilities[i] = 0;
        }

        Probabilities(input, output.Probabilities);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = Action(input.Observations.Slice(i * Width, Width)) == actions.Discrete[i] ? 0 : double.NegativeInfinity;
        Probabilities(input, probabilities);
    }

    void Probabilities(in PolicyInput input, Span<double> probabilities)
    {
        if (probabilities.IsEmpty)
            return;
        for (var i = 0; i < input.Count; i++)
        {
            var right = Action(input.Observations.Slice(i * Width, Width));
            probabilities[2 * i] = 1 - right;
            probabilities[(2 * i) + 1] = right;
        }
    }

    int Action(ReadOnlySpan<float> observation)
    {
        var sum = 0.0;
        for (var i = 0; i < Width; i++)
            sum += gains[i] * observation[i];
        return sum > 0 ? 1 : 0;
    }
}
