using MathNet.Numerics;
using OfflineRL.Datasets;
using OfflineRL.Train.Losses;

namespace OfflineRL.Train;

/// <summary>The units in which a network speaks of continuous actions: action = shift + scale * what it says.</summary>
/// <param name="Shift">[A].</param>
/// <param name="Scale">[A], positive.</param>
public sealed record ActionUnits(IReadOnlyList<double> Shift, IReadOnlyList<double> Scale)
{
    /// <summary>Mean and standard deviation of a dataset's actions; null where they are discrete.</summary>
    /// <exception cref="UserErrorException">The dataset grows, and has no statistics yet.</exception>
    public static ActionUnits? Of(ColumnsInfo info)
    {
        if (info.ActionSpace is DiscreteSpace)
            return null;
        var actions = info.Statistics.Action;
        if (actions.Count != info.ActionSpace.FlatSize)
            Throw.User($"Dataset {info.Dataset} has no statistics of its continuous actions yet; expected those of a committed dataset, whose spread is the unit of cloning.");
        return new([.. actions.Select(s => s.Mean)], [.. actions.Select(s => s.Std > 0 ? s.Std : 1)]);
    }

    /// <summary>The middle and half of the range of each dimension; the dataset's mean and deviation, where a dataset's space has no finite bounds; else 0 and 1.</summary>
    /// <returns>Units that do not change while a bounded dataset grows; null where actions are discrete.</returns>
    public static ActionUnits? OfBounds(ColumnsInfo info)
    {
        if (info.ActionSpace is not BoxSpace space)
            return null;
        if (Enumerable.Range(0, space.FlatSize).All(d => double.IsFinite(space.Low[d]) && double.IsFinite(space.High[d]) && space.Low[d] < space.High[d]))
            return new([.. space.Low.Zip(space.High, (low, high) => (low + high) / 2)], [.. space.Low.Zip(space.High, (low, high) => (high - low) / 2)]);
        return info.Statistics.Action.Count == space.FlatSize ? Of(info) : new([.. new double[space.FlatSize]], [.. Enumerable.Repeat(1.0, space.FlatSize)]);
    }

    /// <summary>What is wrong with units that were read; null: nothing.</summary>
    internal string? Fault(int width) =>
        Shift.Count != width || Scale.Count != width || !Shift.All(double.IsFinite) || !Scale.All(s => s > 0 && double.IsFinite(s))
            ? $"action_units have {Shift.Count} shifts and {Scale.Count} scales"
            : null;
}

/// <summary>
/// Normal distributions over continuous actions, one for each dimension: what a network's heads say, cut off at the bounds of the actions, so
/// that every action that is drawn has the exact density that <see cref="LogDensity"/> gives.
/// </summary>
/// <param name="actions">Bounds; infinite ones cut nothing off.</param>
/// <param name="units">Of the heads.</param>
/// <param name="temperature">What standard deviations are multiplied by; 0: the mean is taken.</param>
sealed class GaussianHead(BoxSpace actions, ActionUnits units, double temperature)
{
    static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>A: the heads are twice as many.</summary>
    public int Width => units.Shift.Count;

    /// <summary>Whether actions have a density.</summary>
    public bool HasDensity => temperature > 0;

    /// <summary>Draws an action and returns its log-density; the mean's is infinite where nothing is drawn.</summary>
    /// <param name="heads">[2 A].</param>
    /// <param name="random">Not used where nothing is drawn.</param>
    /// <param name="action">[A].</param>
    public double Act(ReadOnlySpan<float> heads, ReadOnlySpan<RandomStream> random, Span<float> action)
    {
        for (var d = 0; d < action.Length; d++)
        {
            var (center, deviation) = Of(heads, d);
            action[d] = HasDensity ? Draw(random[0], center, deviation, d) : (float)center;
        }

        return HasDensity ? LogDensity(heads, action) : double.PositiveInfinity;
    }

    /// <summary>The joint log-density of an action; negative infinity outside the bounds, and where only the mean is ever taken, elsewhere.</summary>
    public double LogDensity(ReadOnlySpan<float> heads, ReadOnlySpan<float> action)
    {
        var sum = 0.0;
        for (var d = 0; d < action.Length; d++)
        {
            var (center, deviation) = Of(heads, d);
            if (!(action[d] >= (float)actions.Low[d] && action[d] <= (float)actions.High[d]) || (!HasDensity && action[d] != (float)center))
                return double.NegativeInfinity;
            if (!HasDensity)
                continue;
            var distance = (action[d] - center) / deviation;
            sum -= (distance * distance / 2) + Math.Log(deviation) + LogRootTwoPi + Math.Log(Inside(center, deviation, d));
        }

        return HasDensity ? sum : double.PositiveInfinity;
    }

    // The center lies within the bounds: a distribution beyond them would be cut down to nothing.
    (double Center, double Deviation) Of(ReadOnlySpan<float> heads, int d)
    {
        var log = Math.Clamp(heads[Width + d], GaussianLosses.LowestLogDeviation, GaussianLosses.HighestLogDeviation);
        var center = units.Shift[d] + (units.Scale[d] * heads[d]);
        var deviation = units.Scale[d] * Math.Exp(log) * (HasDensity ? temperature : 1);
        return (Math.Clamp(center, actions.Low[d], actions.High[d]), Math.Min(deviation, 10 * (actions.High[d] - actions.Low[d])));
    }

    double Inside(double center, double deviation, int d)
    {
        var scale = deviation * Math.Sqrt(2);
        return (SpecialFunctions.Erf((actions.High[d] - center) / scale) + SpecialFunctions.Erf((center - actions.Low[d]) / scale)) / 2;
    }

    // Draws until one lies inside: the center does, and the deviation is at most ten times as wide as the bounds, so that one in thirty does.
    float Draw(RandomStream random, double center, double deviation, int d)
    {
        while (deviation > 0)
        {
            var draw = (float)(center + (deviation * random.NextGaussian()));
            if (draw >= (float)actions.Low[d] && draw <= (float)actions.High[d])
                return draw;
        }

        return (float)center;
    }
}
