using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Evaluate;

/// <summary>A log on the device of a deep fit: what the network reads of each point, and of each step what the target is made of.</summary>
/// <remarks>All tensors live in the scope that they are made in. Observations and continuous actions are shifted and scaled to mean 0 and deviation 1, rewards by <see cref="Scale"/>.</remarks>
sealed class DeepFitData
{
    readonly FitLog _log;
    readonly Device _device;
    readonly Tensor _observations;
    readonly Tensor? _times, _actions, _drawn;

    public DeepFitData(FitLog log, IReadOnlyList<int> training, Device device)
    {
        (_log, _device) = (log, device);
        Scale = ReturnScale(log);
        _observations = log.States is { } states
            ? tensor(Array.ConvertAll(states, s => (long)s)).to(device)
            : Normalized(log.Observations!, log.ObservationSize, log.Points, log.Steps, out _, out _);
        if (log.IsFinite)
            _times = tensor(Times(log)).reshape(log.Points, 1).to(device);
        if (log.ContinuousActions is { } continuous)
        {
            _actions = Normalized(continuous, log.ActionCount, log.Steps, log.Steps, out var mean, out var scale);
            _drawn = tensor(log.DrawnActions).reshape(log.Points * log.Draws, log.ActionCount).to(device).sub_(mean).mul_(scale);
        }
        else
        {
            Actions = tensor(Array.ConvertAll(log.Actions!, a => (long)a)).to(device);
            Policy = tensor(Array.ConvertAll(log.Probabilities, p => (float)p)).reshape(log.Points, log.ActionCount).to(device);
        }

        var (rows, next, discounts) = Steps(log, training);
        if (rows.Length == 0)
            throw EvaluateThrow.NothingToFit();
        (Rows, Next, Discounts) = (tensor(rows).to(device), tensor(next).to(device), tensor(discounts).to(device));
        Rewards = tensor(Array.ConvertAll(rows, row => (float)(log.Rewards[row] / Scale))).to(device);
        var returns = Returned(log);
        Returns = tensor(Array.ConvertAll(rows, row => (float)(returns[row] / Scale))).to(device);
        NeedsFuture = discounts.AsSpan().ContainsAnyExcept(0f);
    }

    /// <summary>The root mean square of the logged returns to go: values are divided by it.</summary>
    public double Scale { get; }

    /// <summary>[n] int64: rows that can be learned from.</summary>
    public Tensor Rows { get; }

    /// <summary>[n] int64: the point after each; any where the discount is 0.</summary>
    public Tensor Next { get; }

    /// <summary>[n]: 0 where the return ends.</summary>
    public Tensor Discounts { get; }

    /// <summary>[n].</summary>
    public Tensor Rewards { get; }

    /// <summary>[n]: the logged return from each step to the end of its episode.</summary>
    public Tensor Returns { get; }

    /// <summary>[N] int64; null where actions are continuous.</summary>
    public Tensor? Actions { get; }

    /// <summary>[P, A]; null where actions are continuous.</summary>
    public Tensor? Policy { get; }

    /// <summary>Whether any return goes on after a step.</summary>
    public bool NeedsFuture { get; }

    /// <summary>What the network reads.</summary>
    public Space InputSpace => BoxSpace.Unbounded((_log.States is null ? _log.ObservationSize : _log.StateCount) + (_times is null ? 0 : 1) + (_actions is null ? 0 : _log.ActionCount));

    /// <summary>Its outputs.</summary>
    public int Outputs => _actions is null ? _log.ActionCount : 1;

    /// <summary>[B, *]: points alone, for discrete actions.</summary>
    public Tensor Inputs(Tensor points)
    {
        var observations = _observations.index_select(0, points);
        if (_log.States is not null)
            observations = zeros([points.size(0), _log.StateCount], device: _device).scatter_(1, observations.unsqueeze(-1), ones([points.size(0), 1], device: _device));
        return _times is null ? observations : cat([observations, _times.index_select(0, points)], -1);
    }

    /// <summary>[B, *]: steps as they were taken, for both kinds of actions.</summary>
    public Tensor Taken(Tensor rows) => _actions is null ? Inputs(rows) : cat([Inputs(rows), _actions.index_select(0, rows)], -1);

    /// <summary>[B K, *]: points with each of the policy's drawn actions.</summary>
    public Tensor Drawn(Tensor points)
    {
        var at = points.mul(_log.Draws).unsqueeze(-1).add(arange(_log.Draws, dtype: ScalarType.Int64, device: _device)).flatten();
        return cat([Inputs(points).repeat_interleave(_log.Draws, 0), _drawn!.index_select(0, at)], -1);
    }

    /// <summary>[B]: v of points as a target: of continuous actions the value of one of the drawn ones, whose mean is the one over all at a fraction of the work.</summary>
    /// <param name="points">[B] int64.</param>
    /// <param name="network">Of inputs: [*, outputs].</param>
    /// <param name="generator">Says which.</param>
    public Tensor TargetValues(Tensor points, Func<Tensor, Tensor> network, Generator generator)
    {
        if (Policy is not null)
            return StateValues(points, network);
        var draw = randint(_log.Draws, [points.size(0)], device: _device, generator: generator);
        return network(cat([Inputs(points), _drawn!.index_select(0, points.mul(_log.Draws).add_(draw))], -1)).squeeze(-1);
    }

    /// <summary>[B]: v of points, by values of the network.</summary>
    /// <param name="points">[B] int64.</param>
    /// <param name="network">Of inputs: [*, outputs].</param>
    public Tensor StateValues(Tensor points, Func<Tensor, Tensor> network) => Policy is null
        ? network(Drawn(points)).reshape(-1, _log.Draws).mean([-1])
        : network(Inputs(points)).mul_(Policy.index_select(0, points)).sum([-1]);

    Tensor Normalized(float[] values, int width, int rows, int of, out Tensor mean, out Tensor scale)
    {
        var all = tensor(values).reshape(rows, width).to(_device);
        var logged = all.narrow(0, 0, of);
        mean = logged.mean([0]);
        // A number that never changes is left at 0.
        var deviation = logged.sub(mean).square().mean([0]).sqrt();
        scale = deviation.gt(1e-8).to(ScalarType.Float32).div(deviation.clamp_min(1e-8));
        return all.sub_(mean).mul_(scale);
    }

    // Values of a cut episode depend on the time that is left.
    static float[] Times(FitLog log)
    {
        var times = new float[log.Points];
        for (var e = 0; e < log.Episodes; e++)
        {
            for (var t = 0; t < log.Length(e); t++)
                times[log.FirstRow[e] + t] = (2f * t / log.MaxLength) - 1;
        }

        return times;
    }

    static double ReturnScale(FitLog log)
    {
        var mean = Returned(log).Average(g => g * g);
        return mean > 0 ? Math.Sqrt(mean) : 1;
    }

    // [N].
    static double[] Returned(FitLog log)
    {
        var returns = new double[log.Steps];
        for (var e = 0; e < log.Episodes; e++)
        {
            var after = 0.0;
            for (var row = log.FirstRow[e + 1] - 1; row >= log.FirstRow[e]; row--)
                returns[row] = after = log.Rewards[row] + (log.Discount * after);
        }

        return returns;
    }

    static (long[] Rows, long[] Next, float[] Discounts) Steps(FitLog log, IReadOnlyList<int> training)
    {
        var (rows, following, discounts) = (new List<long>(), new List<long>(), new List<float>());
        foreach (var e in training)
        {
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
            {
                var next = log.Next(e, row);
                if (next == FitLog.Unknown)
                    continue;
                rows.Add(row);
                following.Add(next == FitLog.Ended ? row : next);
                discounts.Add(next == FitLog.Ended ? 0 : (float)log.Discount);
            }
        }

        return (rows.ToArray(), following.ToArray(), discounts.ToArray());
    }
}
