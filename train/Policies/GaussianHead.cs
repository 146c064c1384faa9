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
/// What a network's heads say of continuous actions, without libtorch: normal distributions, cut off at the bounds or sent through tanh, or a mixture of them. Every action
/// that is drawn has the exact density that <see cref="LogDensity"/> gives, which is the one that <see cref="ActionHead"/> learns with.
/// </summary>
/// <param name="actions">Bounds.</param>
/// <param name="units">Of the heads, where they are not sent through tanh.</param>
/// <param name="temperature">What standard deviations are multiplied by; 0: the mean is taken, of a mixture that of the largest weight.</param>
/// <param name="config">Which distribution; null: one normal distribution a dimension, whose limits are clamps, as cloning has it.</param>
sealed class GaussianHead(BoxSpace actions, ActionUnits units, double temperature, PolicyConfig? config = null)
{
    readonly PolicyConfig _config = config ?? new();
    readonly INormals _normals = config?.Squash == PolicyConfig.TanhSquash
        ? new TanhNormals(actions, temperature)
        : new CutNormals(actions, units, temperature > 0 ? temperature : 1, soft: config is not null);

    /// <summary>A.</summary>
    public int Width => units.Shift.Count;

    /// <summary>How many numbers a row of heads has.</summary>
    public int Outputs => ActionHead.OutputsOf(Width, _config);

    /// <summary>Whether actions have a density.</summary>
    public bool HasDensity => temperature > 0;

    /// <summary>Draws an action and returns its log-density; the mean's is infinite where nothing is drawn.</summary>
    /// <param name="heads">[<see cref="Outputs"/>].</param>
    /// <param name="random">Not used where nothing is drawn.</param>
    /// <param name="action">[A].</param>
    public double Act(ReadOnlySpan<float> heads, ReadOnlySpan<RandomStream> random, Span<float> action)
    {
        var component = HasDensity ? Draw(heads, random[0]) : Likeliest(heads);
        for (var d = 0; d < action.Length; d++)
        {
            var (mean, log) = Of(heads, component, d);
            action[d] = HasDensity ? _normals.Draw(random[0], mean, log, d) : _normals.Center(mean, d);
        }

        return HasDensity ? LogDensity(heads, action) : double.PositiveInfinity;
    }

    /// <summary>The joint log-density of an action; negative infinity outside the bounds, and where only the mean is ever taken, elsewhere.</summary>
    public double LogDensity(ReadOnlySpan<float> heads, ReadOnlySpan<float> action)
    {
        for (var d = 0; d < action.Length; d++)
        {
            if (!(action[d] >= (float)actions.Low[d] && action[d] <= (float)actions.High[d]))
                return double.NegativeInfinity;
        }

        if (!HasDensity)
            return IsMode(heads, action) ? double.PositiveInfinity : double.NegativeInfinity;
        if (_config.Mixture == 1)
            return OfComponent(heads, 0, action);

        Span<double> logs = stackalloc double[_config.Mixture];
        Weigh(heads, logs);
        for (var k = 0; k < logs.Length; k++)
            logs[k] = Math.Log(logs[k]) + OfComponent(heads, k, action);
        var (highest, sum) = (double.NegativeInfinity, 0.0);
        foreach (var log in logs)
            highest = Math.Max(highest, log);
        foreach (var log in logs)
            sum += Math.Exp(log - highest);
        return highest + Math.Log(sum);
    }

    double OfComponent(ReadOnlySpan<float> heads, int component, ReadOnlySpan<float> action)
    {
        var sum = 0.0;
        for (var d = 0; d < action.Length; d++)
        {
            var (mean, log) = Of(heads, component, d);
            sum += _normals.LogDensity(mean, log, action[d], d);
        }

        return sum;
    }

    bool IsMode(ReadOnlySpan<float> heads, ReadOnlySpan<float> action)
    {
        var component = Likeliest(heads);
        for (var d = 0; d < action.Length; d++)
        {
            if (action[d] != _normals.Center(Of(heads, component, d).Mean, d))
                return false;
        }

        return true;
    }

    // A mixture's logits come first, then all means, then all logarithms of deviations.
    (float Mean, double LogDeviation) Of(ReadOnlySpan<float> heads, int component, int d)
    {
        var size = _config.Mixture * Width;
        var place = Outputs - (2 * size) + (component * Width) + d;
        var (log, lowest, highest) = (heads[place + size], GaussianLosses.LowestLogDeviation, GaussianLosses.HighestLogDeviation);
        return (heads[place], config is null ? Math.Clamp(log, lowest, highest) : SoftLimits.Between((double)log, lowest, highest));
    }

    int Draw(ReadOnlySpan<float> heads, RandomStream random)
    {
        if (_config.Mixture == 1)
            return 0;
        Span<double> weights = stackalloc double[_config.Mixture];
        Weigh(heads, weights);
        return random.NextCategorical(weights);
    }

    int Likeliest(ReadOnlySpan<float> heads)
    {
        var best = 0;
        for (var k = 1; k < _config.Mixture; k++)
            best = heads[k] > heads[best] ? k : best;
        return best;
    }

    // Softmax of the logits.
    void Weigh(ReadOnlySpan<float> heads, Span<double> weights)
    {
        var (highest, sum) = ((double)heads[Likeliest(heads)], 0.0);
        for (var k = 0; k < weights.Length; k++)
            sum += weights[k] = Math.Exp(heads[k] - highest);
        for (var k = 0; k < weights.Length; k++)
            weights[k] /= sum;
    }
}
