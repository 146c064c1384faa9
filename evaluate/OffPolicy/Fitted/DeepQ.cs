using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using static TorchSharp.torch;

namespace OfflineRL.Evaluate;

/// <summary>
/// Fitted Q evaluation with a network (<see cref="FittedQEvaluation"/>): a head for each discrete action and the policy's exact mean over them; continuous
/// actions are read beside the observation, and the policy's mean is that over its drawn actions. Values of cut episodes read the time as well.
/// </summary>
/// <remarks>Values beyond what the log's rewards can add up to are cut to it; far beyond, the fit has diverged and says so.</remarks>
sealed class DeepQ(FittedQConfig config, Device device) : IValueModel
{
    const int ChunkPoints = 8192;

    public void Fit(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, RandomStream random, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var data = new DeepFitData(log, training, device);
        using var learner = new FittedQEvaluation(config, data.InputSpace, data.Outputs, random.Derive("init"), device);
        Train(log, data, learner, random, cancellation);
        Score(log, data, learner, scored, values, cancellation);
    }

    /// <summary>All gradient steps.</summary>
    public void Train(FitLog log, DeepFitData data, FittedQEvaluation learner, RandomStream random, CancellationToken cancellation)
    {
        using var generator = new Generator(0, device);
        generator.manual_seed((long)(random.Derive("batches").NextUInt64() >> 1));
        // The policy's values of all points at once, each time the targets move, or of each batch's: whichever is less work.
        var all = (long)log.Points * Math.Max(1, log.Draws) <= (long)config.TargetPeriodSteps * config.BatchSize;
        Tensor? table = null;
        for (var step = 0; step < config.Steps; step++)
        {
            using var scope = NewDisposeScope();
            if (step % 128 == 0)
                cancellation.ThrowIfCancellationRequested();
            if (step < config.WarmupSteps && data.NeedsFuture)
            {
                Imitate(data, learner, generator);
                continue;
            }

            if (all && data.NeedsFuture && (table is null || learner.TargetIsNew))
            {
                table?.Dispose();
                table = Table(log, data, learner.TargetValues).DetachFromDisposeScope();
            }

            Step(data, learner, table, generator);
        }

        table?.Dispose();
    }

    // A step towards the logged returns: the values of the policy that logged are a better start than noise, and bring the scale.
    void Imitate(DeepFitData data, FittedQEvaluation learner, Generator generator)
    {
        using var scope = NewDisposeScope();
        var items = randint(data.Rows.size(0), [config.BatchSize], device: device, generator: generator);
        var rows = data.Rows.index_select(0, items);
        learner.Step(data.Taken(rows), data.Actions?.index_select(0, rows), data.Returns.index_select(0, items));
    }

    /// <summary>One gradient step on a batch that is drawn uniformly.</summary>
    /// <param name="data">The log.</param>
    /// <param name="learner">What learns.</param>
    /// <param name="table">[P]: v of all points by the target network; null: of the batch's alone.</param>
    /// <param name="generator">For the draws.</param>
    public void Step(DeepFitData data, FittedQEvaluation learner, Tensor? table, Generator generator)
    {
        using var scope = NewDisposeScope();
        var items = randint(data.Rows.size(0), [config.BatchSize], device: device, generator: generator);
        var rows = data.Rows.index_select(0, items);
        var targets = data.Rewards.index_select(0, items);
        if (data.NeedsFuture)
        {
            var next = data.Next.index_select(0, items);
            var after = table is not null ? table.index_select(0, next) : data.TargetValues(next, learner.TargetValues, generator);
            targets = targets.addcmul(data.Discounts.index_select(0, items), after, 1);
        }

        learner.Step(data.Taken(rows), data.Actions?.index_select(0, rows), targets);
    }

    // [P], in chunks.
    Tensor Table(FitLog log, DeepFitData data, Func<Tensor, Tensor> network)
    {
        using var scope = NewDisposeScope();
        var chunk = Math.Max(1, ChunkPoints / Math.Max(1, log.Draws));
        var parts = new List<Tensor>();
        for (var first = 0; first < log.Points; first += chunk)
            parts.Add(data.StateValues(arange(first, Math.Min(first + chunk, log.Points), dtype: ScalarType.Int64, device: device), network));
        return cat(parts.ToArray()).MoveToOuterDisposeScope();
    }

    void Score(FitLog log, DeepFitData data, FittedQEvaluation learner, IReadOnlyList<int> scored, ValueColumns values, CancellationToken cancellation)
    {
        var rows = scored.SelectMany(e => Enumerable.Range(log.FirstRow[e], log.Length(e))).Select(row => (long)row).ToArray();
        var steps = scored.SelectMany(e => Enumerable.Range(0, log.Length(e))).ToArray();
        var chunk = Math.Max(1, ChunkPoints / Math.Max(1, log.Draws));
        for (var first = 0; first < rows.Length; first += chunk)
        {
            using var scope = NewDisposeScope();
            cancellation.ThrowIfCancellationRequested();
            var part = rows[first..Math.Min(first + chunk, rows.Length)];
            var points = tensor(part).to(device);
            var q = learner.Values(data.Taken(points));
            q = data.Actions is { } actions ? q.gather(-1, actions.index_select(0, points).unsqueeze(-1)) : q;
            var (taken, mean) = (q.squeeze(-1).cpu().data<float>().ToArray(), data.StateValues(points, learner.Values).cpu().data<float>().ToArray());
            for (var i = 0; i < part.Length; i++)
            {
                var step = log.IsFinite ? steps[first + i] : 0;
                values.ActionValues[part[i]] = Bounded(log, learner, step, taken[i] * data.Scale);
                values.StateValues[part[i]] = Bounded(log, learner, step, mean[i] * data.Scale);
            }
        }
    }

    static double Bounded(FitLog log, FittedQEvaluation learner, int step, double value)
    {
        var (low, high) = log.ValueBounds(0);
        var width = high - low;
        if (!(value >= low - (2 * width) && value <= high + (2 * width)))
            throw EvaluateThrow.DeepFitDiverged(value, low, high, learner.Updates);
        (low, high) = log.ValueBounds(step);
        return Math.Clamp(value, low, high);
    }
}
