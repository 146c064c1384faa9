using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>
/// A method that learns from one transition after the other. Nothing asks where a transition comes from: stored data,
/// in the order of its episodes, or a loop that has just recorded it.
/// </summary>
public interface ITabularLearner
{
    /// <summary>Learns from the next step of an episode. After a step that ends one, the next begins another.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A state or an action is none of the tables'.</exception>
    void Learn(in TabularTransition transition);

    /// <summary>Takes back into memory a step that was learned from before, of the episode that a restored state stands in.</summary>
    void Recall(in TabularTransition transition)
    {
    }

    /// <summary>What a state is worth by the tables, to the policy that they are about.</summary>
    double Value(int state);

    /// <summary>Sum of the absolute errors of the updates since it was last set to 0, and their number.</summary>
    ErrorSums Errors { get; }

    /// <summary>Every array that decides what the next steps do; loading copies into them.</summary>
    IReadOnlyList<TabularArray> State { get; }

    /// <summary>The policy as it would be stored now.</summary>
    TabularSolution Solution { get; }
}

/// <summary>An array and what a file calls it.</summary>
/// <param name="Name">Unique among a learner's.</param>
/// <param name="Values">The live array.</param>
public readonly record struct TabularArray(string Name, double[] Values);

/// <summary>Sums for a mean; an array, so that a checkpoint holds it.</summary>
public sealed class ErrorSums
{
    internal double[] Values { get; } = new double[2];

    /// <summary>Mean of the absolute errors; 0 where there was no update.</summary>
    public double Mean => Values[1] == 0 ? 0 : Values[0] / Values[1];

    internal void Add(double error)
    {
        Values[0] += Math.Abs(error);
        Values[1]++;
    }

    internal void Clear() => Values.AsSpan().Clear();
}

/// <summary>What a tabular method found.</summary>
/// <param name="Scores">[S * A]: numbers to choose actions by; NaN: never to be taken. A state without any takes action 0.</param>
/// <param name="Temperature">0: the highest score, the lowest action among equals; 1: the scores are logarithms of probabilities.</param>
public sealed record TabularSolution(double[] Scores, double Temperature)
{
    /// <summary>[S * A]: Q, for those who read the file; null: none.</summary>
    public double[]? ActionValues { get; init; }

    /// <summary>[S]: V; null: none.</summary>
    public double[]? StateValues { get; init; }

    /// <summary>The MDP that was made of the log; null: none.</summary>
    public TabularMdp? Model { get; init; }
}
